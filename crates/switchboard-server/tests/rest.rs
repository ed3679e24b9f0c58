//! What REST tells, and that it is what really is (rows S3.4 and S3.12).

mod common;
mod support;

#[path = "rest/description.rs"]
mod description;
#[path = "rest/guests.rs"]
mod guests;
#[path = "rest/manners.rs"]
mod manners;
#[path = "rest/names.rs"]
mod names;
#[path = "rest/rooms.rs"]
mod rooms;
#[path = "rest/schema.rs"]
mod schema;
#[path = "rest/statistics.rs"]
mod statistics;
#[path = "rest/users.rs"]
mod users;
