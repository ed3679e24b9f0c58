//! The load generator behind `switchboard bench`: rooms of clients on any wire, and every delivery checked.
//!
//! A [`Plan`] says what is to be measured, [`run`] does it, and a [`Report`] says what came of it. The clients live in a
//! few threads (one by default), each with an epoll of its own; a message is made once for each client, and only its
//! stamp is written anew when it is sent again. A receiver looks for nothing but the stamp, the sender's id and the text
//! behind the stamp. So the generator costs little more than its system calls.
//!
//! What is not here: TLS, the polling of Engine.IO, any judgement of the figures.

mod connection;
mod crew;
mod histogram;
mod inbox;
mod ledger;
mod plan;
mod process;
mod report;
mod run;
mod scenario;
mod share;
mod site;
mod stamp;
mod trouble;
mod wording;

pub use plan::{BadPlan, Payload, Plan, Scenario, Writes};
pub use process::ThreadCpu;
pub use report::{Latency, Report};
pub use run::{BenchError, Progress, run};
