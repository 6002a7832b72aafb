//! What `logparse` promises to the rooms that use it, by its public API only.
//!
//! One file per promise. Unit tests of single steps stand beside their code.

#[cfg(test)]
mod cato;
#[cfg(test)]
mod continuation;
#[cfg(test)]
mod documented;
#[cfg(test)]
mod forgery;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod netskope_client;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod split;
