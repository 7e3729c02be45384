//! `spin:variables@3.0.0`

use wasmtime::component::{Accessor, HasSelf};

use super::{
    Guest,
    bindings::spin::variables::variables::{Error, Host, HostWithStore},
};
use crate::variables::check_name;

impl Host for Guest {}

impl HostWithStore<Guest> for HasSelf<Guest> {
    async fn get(accessor: &Accessor<Guest, Self>, name: String) -> wasmtime::Result<Result<String, Error>> {
        if let Err(error) = check_name(&name) {
            return Ok(Err(Error::InvalidName(error.to_string())));
        }
        Ok(accessor.with(|mut access| {
            let spec = &access.get().spec;
            let undefined = || Error::Undefined(format!("no variable for {:?}.{name:?}", spec.id));
            spec.variables.get(&name).cloned().ok_or_else(undefined)
        }))
    }
}
