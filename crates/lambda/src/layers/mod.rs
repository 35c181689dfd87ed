//! Layers: what stands for `/opt`.
//!
//! [`overlay`] lays layers one over the other into a directory of the host's; [`store`] keeps those that were
//! published through the API.

pub(crate) mod overlay;
pub(crate) mod store;
