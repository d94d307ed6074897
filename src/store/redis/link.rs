//! One connection and what can be asked over it.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, Pipeline, RedisResult, Script, ServerErrorKind, cmd};

/// What is asked. All of it goes out at once, whatever it is.
#[derive(Clone, Copy)]
pub(super) enum Question<'a> {
    /// One command.
    Command(&'a Cmd),
    /// Several.
    Pipeline(&'a Pipeline),
    /// A script by its hash; a server that does not know it is given it first.
    Script(&'a Script, &'a Cmd),
}

/// A connection for one question.
pub(super) struct Link {
    pub on: MultiplexedConnection,
    /// Whether the slot is being moved to this node, which must be told that we know.
    pub asking: bool,
}

impl Link {
    pub async fn ask<T: FromRedisValue>(&mut self, question: Question<'_>) -> RedisResult<T> {
        match question {
            Question::Command(command) => self.command(command).await,
            Question::Pipeline(pipeline) => self.pipeline(pipeline).await,
            Question::Script(script, call) => match self.command(call).await {
                Err(fault) if fault.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    script.load_async(&mut self.on).await?;
                    self.command(call).await
                }
                answered => answered,
            },
        }
    }

    async fn command<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        if !self.asking {
            return command.query_async(&mut self.on).await;
        }
        // Side by side in one pipeline: no other caller's command comes in between.
        let mut asking = Pipeline::with_capacity(2);
        asking.cmd("ASKING").ignore().add_command(command.clone());
        let (answer,): (T,) = asking.query_async(&mut self.on).await?;
        Ok(answer)
    }

    async fn pipeline<T: FromRedisValue>(&mut self, pipeline: &Pipeline) -> RedisResult<T> {
        if !self.asking {
            return pipeline.query_async(&mut self.on).await;
        }
        let mut asking = Pipeline::with_capacity(2 * pipeline.cmd_iter().count());
        for command in pipeline.cmd_iter() {
            asking.add_command(cmd("ASKING")).ignore().add_command(command.clone());
        }
        asking.query_async(&mut self.on).await
    }
}

/// The call of a script by its hash, up to and including its keys.
pub(super) fn call(script: &Script, keys: &[&str]) -> Cmd {
    let mut call = cmd("EVALSHA");
    call.arg(script.get_hash()).arg(keys.len());
    for key in keys {
        call.arg(*key);
    }
    call
}
