//! Every deadline a link owns.

use antiphon_protocol::{ConfigField, End, Generation, How, Stage, Time};

use super::{
    Link, LinkOutput,
    connection::{Connection, Life},
    defect::Defect,
    state::Attempt,
};
use crate::WireAction;

impl Link {
    pub(super) fn next_timeout(&self) -> Option<Time> {
        if self.closed {
            return self.has(Defect::TimerAfterEnd).then_some(Time::MAX);
        }
        let attempt = match &self.attempt {
            Attempt::None | Attempt::Prepared(_) => None,
            Attempt::Waiting { .. } if self.has(Defect::TimerForgotten) => None,
            Attempt::Waiting { until, .. } => Some(*until),
            Attempt::Planning { deadline, .. } => Some(*deadline),
            Attempt::Open(next) => self.connection_timeout(next),
        };
        let wires = [&self.current, &self.retired]
            .into_iter()
            .flatten()
            .filter_map(|connection| self.connection_timeout(connection));
        attempt.into_iter().chain(wires).min()
    }

    fn connection_timeout(&self, connection: &Connection) -> Option<Time> {
        match connection.life {
            Life::Dialing { deadline } | Life::Opening { deadline } => Some(deadline),
            Life::Draining { goodbye, until } => Some(goodbye.unwrap_or(until).min(until)),
            Life::Live => [
                self.dead_at(connection),
                self.ping_due(connection),
                connection.write_deadline(&self.config),
                self.rotation_timeout(connection),
            ]
            .into_iter()
            .flatten()
            .min(),
        }
    }

    fn dead_at(&self, connection: &Connection) -> Option<Time> {
        let bound = self.capabilities.liveness + self.config.liveness_slack;
        (!self.read_paused).then(|| connection.heard + bound)
    }

    fn ping_due(&self, connection: &Connection) -> Option<Time> {
        (!self.read_paused).then(|| connection.ping_at(&self.config))
    }

    fn rotation_timeout(&self, connection: &Connection) -> Option<Time> {
        // While the next connection is on its way there is nothing to announce or to force.
        let idle = matches!(self.attempt, Attempt::None);
        let schedule = connection.schedule.filter(|_| idle)?;
        Some(if schedule.announced {
            schedule.force
        } else {
            schedule.due.min(schedule.force)
        })
    }

    pub(super) fn timeout(&mut self, now: Time) {
        if self.closed {
            return;
        }
        self.attempt_timeout(now);
        self.current_timeout(now);
        if let Some(retired) = &self.retired {
            let generation = retired.generation;
            self.draining_timeout(now, generation);
        }
    }

    fn attempt_timeout(&mut self, now: Time) {
        match &self.attempt {
            Attempt::Waiting {
                until,
                delay,
                cause,
            } if *until <= now => {
                let (delay, cause) = (*delay, *cause);
                self.need_plan(now, cause, delay);
            }
            Attempt::Planning {
                deadline, cause, ..
            } if *deadline <= now => {
                let cause = *cause;
                self.plan_overdue(now, cause);
            }
            Attempt::Open(next) => {
                let (generation, stage) = (next.generation, next.stage);
                if let Life::Dialing { deadline } | Life::Opening { deadline } = next.life
                    && deadline <= now
                {
                    let mut words = format!("no progress beyond the {} in time", stage.name());
                    if let (Stage::Opening, Some(config)) = (stage, &self.last_config) {
                        // An option that the model does not know is a common cause of silence.
                        let sent = ConfigField::names_in(config).join(", ");
                        words = format!("{words}; sent were {sent}");
                    }
                    self.abandon(
                        now,
                        generation,
                        End::new(stage, How::Deadline).because(&words),
                    );
                }
            }
            _ => {}
        }
    }

    fn current_timeout(&mut self, now: Time) {
        let Some(current) = &self.current else {
            return;
        };
        let generation = current.generation;
        if current.is_draining() {
            return self.draining_timeout(now, generation);
        }
        if self.dead_at(current).is_some_and(|at| at <= now) {
            let end = End::new(Stage::Live, How::Silent).because("the peer fell silent");
            return self.abandon(now, generation, end);
        }
        if current
            .write_deadline(&self.config)
            .is_some_and(|at| at <= now)
        {
            let end = End::new(Stage::Live, How::Deadline).because("the peer takes nothing in");
            return self.abandon(now, generation, end);
        }
        if self.ping_due(current).is_some_and(|at| at <= now) {
            if let Some(current) = &mut self.current {
                current.pinged = Some(now);
            }
            self.act(WireAction::Ping { generation });
        }
        self.announce_rotation(now);
    }

    fn announce_rotation(&mut self, now: Time) {
        if !matches!(self.attempt, Attempt::None) {
            return;
        }
        let Some(schedule) = self
            .current
            .as_mut()
            .and_then(|current| current.schedule.as_mut())
        else {
            return;
        };
        if schedule.force <= now {
            let cause = schedule.cause;
            self.rotate(now, cause);
        } else if schedule.due <= now && !schedule.announced {
            schedule.announced = true;
            let (cause, deadline) = (schedule.cause, schedule.force);
            self.up(LinkOutput::RotationDue { cause, deadline });
        }
    }

    fn draining_timeout(&mut self, now: Time, generation: Generation) {
        let Some(connection) = self.connection(generation) else {
            return;
        };
        let Life::Draining { goodbye, until } = connection.life else {
            return;
        };
        if until <= now {
            let end = End::new(Stage::Draining, How::Deadline).because("no goodbye in time");
            self.abandon(now, generation, end);
        } else if goodbye.is_some_and(|goodbye| goodbye <= now) {
            self.hang_up(generation);
        }
    }
}
