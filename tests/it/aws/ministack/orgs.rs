//! The orgs of a platform, erased by the function behind its own schedule.

use hookstep_ambient::Sources;
use hookstep_store::{Orgs, Tokens};

use super::schedules::start_upkeep;
use super::stack::Stack;
use crate::aws::cases::orgs::Platform;

impl Platform for Stack {
    fn tables(&self) -> (Orgs, Tokens) {
        let tables = || aws_sdk_dynamodb::Client::new(&self.aws);
        let sources = Sources::system();
        let orgs = Orgs::new(tables(), self.resource("ConfigsTable"), sources);
        (orgs, Tokens::new(tables(), self.resource("TokensTable"), sources))
    }

    async fn erase(&self) {
        start_upkeep(self, "EraseSchedule").await;
    }
}
