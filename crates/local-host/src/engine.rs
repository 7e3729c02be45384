//! The WebAssembly engine and the cache of compiled components.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, component::Component};

/// How often a component that computes without a pause is made to let others run.
const EPOCH: Duration = Duration::from_millis(10);
/// As many as Spin keeps room for.
const INSTANCES: u32 = 1_000;
/// A component is a few core instances, each with a table or so, and one memory.
const PARTS: u32 = 8;

/// An engine with Spin's settings, its clock running until it is dropped.
pub fn new_engine() -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model_async(true).epoch_interruption(true);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(INSTANCES)
        .total_core_instances(INSTANCES * PARTS)
        .total_memories(INSTANCES)
        .total_tables(INSTANCES * PARTS)
        .total_stacks(INSTANCES * 2);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = Engine::new(&config).or_else(|_| {
        // The pool reserves terabytes of addresses, which some machines do not give.
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })?;
    let clock = engine.weak();
    thread::Builder::new().name("epochs".into()).spawn(move || {
        while let Some(engine) = clock.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(EPOCH);
        }
    })?;
    Ok(engine)
}

/// Compiles a component, or takes what an earlier run compiled from the same bytes out of `cache`.
///
/// Whoever can write to the folder can run code in the host: it is made accessible to its owner alone.
pub fn load_component(engine: &Engine, source: &Path, cache: Option<&Path>) -> Result<Component> {
    let named = || format!("component {}", source.display());
    let wasm = std::fs::read(source).with_context(named)?;
    let Some(folder) = cache else {
        return Component::new(engine, &wasm).map_err(anyhow::Error::from).with_context(named);
    };
    create_private(folder).with_context(|| format!("cache {}", folder.display()))?;
    let file = folder.join(cache_name(engine, &wasm));
    if let Some(component) = load_compiled(engine, &file) {
        return Ok(component);
    }
    let component = Component::new(engine, &wasm).map_err(anyhow::Error::from).with_context(named)?;
    // Without the cache the next start is only slower.
    if let Ok(compiled) = component.serialize() {
        let part = file.with_extension(format!("{}.part", std::process::id()));
        if std::fs::write(&part, compiled).is_ok() {
            let _ = std::fs::rename(&part, &file);
        }
    }
    Ok(component)
}

/// Compiles several components at once, in the order given.
pub fn load_components(engine: &Engine, sources: &[PathBuf], cache: Option<&Path>) -> Result<Vec<Component>> {
    let loaded = thread::scope(|scope| {
        let started: Vec<_> =
            sources.iter().map(|source| scope.spawn(move || load_component(engine, source, cache))).collect();
        started.into_iter().map(|each| each.join().map_err(|_| anyhow!("the compiler panicked"))?).collect()
    });
    give_back();
    loaded
}

/// Gives back to the system what compiling took, which the allocator would keep: two hundred megabytes and more.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn give_back() {
    // SAFETY: it takes nothing, and any thread may call it at any time.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

/// Changes with the component's bytes, the engine's version and its settings.
fn cache_name(engine: &Engine, wasm: &[u8]) -> String {
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    let bytes: String = Sha256::digest(wasm).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{bytes}-{:016x}.cwasm", compatibility.finish())
}

#[allow(unsafe_code)]
fn load_compiled(engine: &Engine, file: &Path) -> Option<Component> {
    if !file.is_file() {
        return None;
    }
    // SAFETY: the folder is the owner's alone and its files are what `serialize` wrote, under a name that
    // holds the engine's version and settings; the engine checks those again.
    unsafe { Component::deserialize_file(engine, file) }.ok()
}

#[cfg(unix)]
fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mode = std::fs::metadata(folder)?.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(std::io::Error::other("others can write to it: chmod 700 it or choose another"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}
