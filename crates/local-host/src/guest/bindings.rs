//! Generated from `wit/`.

#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

wasmtime::component::bindgen!({
    path: "wit",
    world: "relevo:local-host/imports",
    imports: { default: async | trappable },
    with: {
        "spin:key-value/key-value.store": crate::kv::Bucket,
        "wasi:keyvalue/store.bucket": crate::kv::Bucket,
        "wasi:keyvalue/atomics.cas": super::keyvalue::Cas,
    },
});
