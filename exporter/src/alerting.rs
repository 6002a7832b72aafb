//! Alerts in the program: the room `alerts` between configuration, writer, store and world.
//!
//! [`settings`] makes rules and receivers of the configuration. The book steps the rules
//! within the writer's turn and hands what is decided to the same commit. The desk is
//! where the lanes of delivery find work. Nothing is decided here.

pub mod address;
pub mod book;
pub mod command;
pub mod desk;
pub mod facts;
pub mod idle;
pub mod letterbox;
pub mod settings;
pub mod side;
pub mod timeline;
pub mod tray;
mod why;
pub mod wish;
