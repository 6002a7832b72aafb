//! SNMPv3: who asks, whether he is who he says, and whether it is now that he says it.
//!
//! The order of checks is the standard's (RFC 3414 3.2, RFC 3412 7.2): engine, user,
//! level, signature, time, cipher, context, then access. Keys are ready before the first
//! packet, so that a forged one costs a digest over itself and no more. Only the answer
//! to a wrong clock is signed; a report never tells anything but its counter.
//!
//! Users and keys come from [`crate::users`], the ciphers from [`crate::provider`]; what
//! is answered is in [`crate::answer`].
//!
//! Known limit: one engine, one context. A message may be replayed while its time is
//! within the window, as with every agent: USM keeps no list of messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::access::Scene;
use crate::answer::{self, Question, Version};
use crate::ber::{self, BerError};
use crate::counters::Counter;
use crate::message::{
    self, Envelope, Header, Pdu, PduKind, REPORT, RESPONSE, Scoped, Security, TRAP,
};
use crate::provider::{CryptoError, EngineTime, Keys, Salts};
use crate::tree::snmp::report_name;
use crate::tree::{Moment, binding};
use crate::users::User;
use crate::value::Value;

/// The user-based security model's number.
const USM: i32 = 3;

/// How far a message's clock may be from ours, in seconds (RFC 3414 2.2.3).
const TIME_WINDOW_SECONDS: u32 = 150;

/// A number of boots that is used up: nothing is in time any more (RFC 3414 2.2.2).
const BOOTS_MAX: u32 = 0x7fff_ffff;

/// How well a message is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    NoAuthNoPriv,
    /// Signed.
    AuthNoPriv,
    /// Signed and encrypted.
    AuthPriv,
}

impl Level {
    const fn flags(self) -> u8 {
        match self {
            Self::NoAuthNoPriv => 0,
            Self::AuthNoPriv => 1,
            Self::AuthPriv => 3,
        }
    }
}

/// A user with what he may.
#[derive(Debug)]
struct Member {
    keys: Keys,
    minimum: Level,
    view: Arc<str>,
}

/// A user as the settings have him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAccess {
    /// Name and keys.
    pub user: User,
    /// The least protection with which he is answered.
    pub minimum: Level,
    /// What he sees, by the view's name.
    pub view: Arc<str>,
}

/// The engine: its name, its clock, its users.
#[derive(Debug)]
pub struct Engine {
    id: Vec<u8>,
    boots: u32,
    /// The agent's uptime when the engine started.
    started: Duration,
    salts: Arc<Salts>,
    members: BTreeMap<Vec<u8>, Member>,
}

/// Where and when a message is handled.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// The tree through each view.
    pub scenes: &'a BTreeMap<Arc<str>, Scene>,
    /// Uptime and counters now.
    pub moment: &'a Moment<'a>,
    /// Largest answer in octets.
    pub size_max: usize,
}

/// What is said back, beside the bindings.
struct Reply<'a> {
    tag: u8,
    level: Level,
    id: i32,
    user: &'a [u8],
    context: (&'a [u8], &'a [u8]),
    size_max: usize,
}

impl Engine {
    /// An engine that has been started `boots` times, now the last.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] for keys of a wrong size, or without random numbers.
    pub fn new(
        id: Vec<u8>,
        boots: u32,
        started: Duration,
        users: &[UserAccess],
    ) -> Result<Self, CryptoError> {
        Ok(Self {
            id,
            boots,
            started,
            salts: Arc::new(Salts::new(boots)?),
            members: members(users)?,
        })
    }

    /// The same engine with other users: its clock goes on.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] for keys of a wrong size.
    pub fn with_users(&self, users: &[UserAccess]) -> Result<Self, CryptoError> {
        Ok(Self {
            id: self.id.clone(),
            boots: self.boots,
            started: self.started,
            salts: Arc::clone(&self.salts),
            members: members(users)?,
        })
    }

    /// Its name.
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// Its clock at the agent's `uptime`.
    pub fn time(&self, uptime: Duration) -> EngineTime {
        let seconds = uptime.saturating_sub(self.started).as_secs();
        EngineTime {
            boots: self.boots,
            seconds: u32::try_from(seconds).map_or(BOOTS_MAX, |seconds| seconds.min(BOOTS_MAX)),
        }
    }

    /// Handles a message of version 3. `None`: there is nothing to say.
    ///
    /// # Errors
    ///
    /// [`BerError`] if it is malformed.
    pub fn handle(
        &self,
        envelope: &Envelope<'_>,
        stage: &Stage<'_>,
    ) -> Result<Option<Vec<u8>>, BerError> {
        let header = Header::read(envelope.body)?;
        let counters = stage.moment.counters;
        if header.security_model != USM {
            counters.count(Counter::UnknownSecurityModels);
            return Ok(None);
        }
        if header.flags.is_sealed() && !header.flags.is_signed() {
            counters.count(Counter::InvalidMessages);
            return Ok(None);
        }
        let security = Security::read(header.security)?;
        let member = match self.authenticate(envelope.whole, &header, &security, stage) {
            Ok(member) => member,
            Err(failure) => return Ok(self.report(failure, &header, security.user, stage)),
        };
        self.answer_member(member, &header, &security, stage)
    }

    /// The steps from the engine's name to the clock.
    fn authenticate(
        &self,
        whole: &[u8],
        header: &Header<'_>,
        security: &Security<'_>,
        stage: &Stage<'_>,
    ) -> Result<&Member, Counter> {
        if security.engine_id != self.id {
            return Err(Counter::UnknownEngineIds);
        }
        let member = self
            .members
            .get(security.user)
            .ok_or(Counter::UnknownUserNames)?;
        if header.flags.is_sealed() && !member.keys.has_privacy() {
            return Err(Counter::UnsupportedSecurityLevels);
        }
        if !header.flags.is_signed() {
            return Ok(member);
        }
        let size = security.signature.len();
        let place = message::place_in(whole, security.signature);
        let is_signed = place.is_some_and(|place| member.keys.is_signed(whole, place, size));
        if !is_signed {
            return Err(Counter::WrongDigests);
        }
        let now = self.time(stage.moment.uptime);
        let is_in_time = security.boots == now.boots
            && now.boots < BOOTS_MAX
            && security.time.abs_diff(now.seconds) <= TIME_WINDOW_SECONDS;
        if is_in_time {
            Ok(member)
        } else {
            Err(Counter::NotInTimeWindows)
        }
    }

    /// The steps from the cipher on.
    fn answer_member(
        &self,
        member: &Member,
        header: &Header<'_>,
        security: &Security<'_>,
        stage: &Stage<'_>,
    ) -> Result<Option<Vec<u8>>, BerError> {
        let counters = stage.moment.counters;
        let level = level(header);
        let (tag, data) = header.data;
        let plain;
        let scoped = if header.flags.is_sealed() {
            if tag != ber::OCTET_STRING {
                return Err(BerError::UnexpectedTag);
            }
            let time = EngineTime {
                boots: security.boots,
                seconds: security.time,
            };
            let opened = member.keys.decrypt(data, time, security.privacy);
            plain = opened.unwrap_or_default();
            // It was signed by who has the one key; nonsense means that the other differs.
            let Ok(scoped) = Scoped::read_padded(&plain) else {
                let failure = Counter::DecryptionErrors;
                return Ok(self.report(failure, header, security.user, stage));
            };
            scoped
        } else {
            if tag != ber::SEQUENCE {
                return Err(BerError::UnexpectedTag);
            }
            Scoped::read(data)?
        };
        if scoped.request.kind == PduKind::Other {
            counters.count(Counter::UnknownPduHandlers);
            return Ok(None);
        }
        let is_our_context = scoped.engine_id.is_empty() || scoped.engine_id == self.id;
        let reply = Reply {
            tag: RESPONSE,
            level,
            id: header.id,
            user: security.user,
            context: (&self.id, scoped.name),
            size_max: stage.size_max.min(header.size_max),
        };
        if !is_our_context || !scoped.name.is_empty() {
            counters.count(Counter::UnknownContexts);
            let pdu = report_pdu(Counter::UnknownContexts, scoped.request.id, stage);
            let reply = Reply {
                tag: REPORT,
                ..reply
            };
            return Ok(self.write(&reply, &pdu, Some(&member.keys), stage));
        }
        Ok(self.answer_scoped(member, &scoped, &reply, stage))
    }

    fn answer_scoped(
        &self,
        member: &Member,
        scoped: &Scoped<'_>,
        reply: &Reply<'_>,
        stage: &Stage<'_>,
    ) -> Option<Vec<u8>> {
        let request = &scoped.request;
        let scene = stage.scenes.get(&member.view);
        let scene = scene.filter(|_| reply.level >= member.minimum);
        let pdu = match scene {
            None => answer::refuse_access(request),
            Some(scene) => answer::answer(&Question {
                request,
                version: Version::V2,
                scene,
                moment: stage.moment,
                room: reply.size_max.saturating_sub(self.overhead(member, reply)),
            })?,
        };
        stage.moment.counters.count(Counter::Responses);
        self.write(reply, &pdu, Some(&member.keys), stage)
    }

    /// Most octets that an answer takes beside its bindings: headers and numbers 104, the
    /// engine twice, user, context, signature.
    fn overhead(&self, member: &Member, reply: &Reply<'_>) -> usize {
        let (engine_id, name) = reply.context;
        [
            104,
            self.id.len(),
            engine_id.len(),
            name.len(),
            reply.user.len(),
            member.keys.signature_size(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// A report, if one is wanted. It is signed for a wrong clock only, so that the asker
    /// can believe ours (RFC 3414 3.2 step 7).
    fn report(
        &self,
        failure: Counter,
        header: &Header<'_>,
        user: &[u8],
        stage: &Stage<'_>,
    ) -> Option<Vec<u8>> {
        stage.moment.counters.count(failure);
        if !header.flags.is_reportable() {
            return None;
        }
        let keys = self.members.get(user).map(|member| &member.keys);
        let keys = keys.filter(|_| failure == Counter::NotInTimeWindows);
        let level = match keys {
            Some(_) => Level::AuthNoPriv,
            None => Level::NoAuthNoPriv,
        };
        // The request's own number stands inside of what could not be read.
        let pdu = report_pdu(failure, 0, stage);
        let reply = Reply {
            tag: REPORT,
            level,
            id: header.id,
            user,
            context: (&self.id, &[]),
            size_max: stage.size_max.min(header.size_max),
        };
        self.write(&reply, &pdu, keys, stage)
    }

    /// A trap of this engine, signed and encrypted as well as the user can.
    pub fn trap(&self, user: &str, id: i32, pdu: &Pdu, uptime: Duration) -> Option<Vec<u8>> {
        let member = self.members.get(user.as_bytes())?;
        let level = if member.keys.has_privacy() {
            Level::AuthPriv
        } else {
            Level::AuthNoPriv
        };
        let reply = Reply {
            tag: TRAP,
            level,
            id,
            user: user.as_bytes(),
            context: (&self.id, &[]),
            size_max: usize::MAX,
        };
        self.build(&reply, pdu, Some(&member.keys), uptime)
    }

    fn write(
        &self,
        reply: &Reply<'_>,
        pdu: &Pdu,
        keys: Option<&Keys>,
        stage: &Stage<'_>,
    ) -> Option<Vec<u8>> {
        let message = self.build(reply, pdu, keys, stage.moment.uptime)?;
        if message.len() > reply.size_max {
            stage.moment.counters.count(Counter::SilentDrops);
            return None;
        }
        Some(message)
    }

    fn build(
        &self,
        reply: &Reply<'_>,
        pdu: &Pdu,
        keys: Option<&Keys>,
        uptime: Duration,
    ) -> Option<Vec<u8>> {
        let time = self.time(uptime);
        let keys = keys.filter(|_| reply.level > Level::NoAuthNoPriv);
        let mut scoped = Vec::with_capacity(pdu.bindings.len().saturating_add(96));
        ber::write(&mut scoped, ber::OCTET_STRING, reply.context.0);
        ber::write(&mut scoped, ber::OCTET_STRING, reply.context.1);
        pdu.write(reply.tag, &mut scoped);
        let mut data = Vec::with_capacity(scoped.len().saturating_add(16));
        ber::write(&mut data, ber::SEQUENCE, &scoped);
        let mut parameters = Vec::new();
        if let Some(keys) = keys.filter(|_| reply.level == Level::AuthPriv) {
            let sealed;
            (sealed, parameters) = keys.encrypt(&data, time, &self.salts).ok()?;
            data.clear();
            ber::write(&mut data, ber::OCTET_STRING, &sealed);
        }
        let signature_size = keys.map_or(0, Keys::signature_size);
        let mut security = Vec::with_capacity(128);
        ber::write(&mut security, ber::OCTET_STRING, &self.id);
        ber::write_integer(&mut security, i64::from(time.boots));
        ber::write_integer(&mut security, i64::from(time.seconds));
        ber::write(&mut security, ber::OCTET_STRING, reply.user);
        ber::write_header(&mut security, ber::OCTET_STRING, signature_size);
        // Counted from the end, the signature's place does not depend on any header.
        let parameters_size = ber::header_size(parameters.len()).saturating_add(parameters.len());
        let behind = [signature_size, parameters_size, data.len()];
        security.resize(security.len().saturating_add(signature_size), 0);
        ber::write(&mut security, ber::OCTET_STRING, &parameters);
        let mut message = envelope(reply, &security, &data);
        if let Some(keys) = keys {
            let behind = behind.into_iter().fold(0, usize::saturating_add);
            let place = message.len().checked_sub(behind)?;
            keys.sign(&mut message, place).ok()?;
        }
        Some(message)
    }
}

fn level(header: &Header<'_>) -> Level {
    match (header.flags.is_signed(), header.flags.is_sealed()) {
        (true, true) => Level::AuthPriv,
        (true, false) => Level::AuthNoPriv,
        (false, _) => Level::NoAuthNoPriv,
    }
}

fn members(users: &[UserAccess]) -> Result<BTreeMap<Vec<u8>, Member>, CryptoError> {
    users
        .iter()
        .map(|access| {
            let member = Member {
                keys: Keys::new(&access.user)?,
                minimum: access.minimum,
                view: Arc::clone(&access.view),
            };
            Ok((access.user.name.as_bytes().to_vec(), member))
        })
        .collect()
}

fn report_pdu(counter: Counter, id: i32, stage: &Stage<'_>) -> Pdu {
    let name = report_name(counter).unwrap_or_default();
    let count = Value::Counter32(stage.moment.counters.get(counter));
    Pdu {
        id,
        bindings: binding(&name, &count),
        ..Pdu::default()
    }
}

/// Version, global data, security parameters and data, in their frames.
fn envelope(reply: &Reply<'_>, security: &[u8], data: &[u8]) -> Vec<u8> {
    let mut global = Vec::with_capacity(32);
    ber::write_integer(&mut global, i64::from(reply.id));
    ber::write_integer(&mut global, i64::from(MESSAGE_SIZE_MAX));
    ber::write(&mut global, ber::OCTET_STRING, &[reply.level.flags()]);
    ber::write_integer(&mut global, i64::from(USM));
    let mut parameters = Vec::with_capacity(security.len().saturating_add(4));
    ber::write(&mut parameters, ber::SEQUENCE, security);
    let mut body = Vec::with_capacity(data.len().saturating_add(192));
    ber::write_integer(&mut body, i64::from(message::V3));
    ber::write(&mut body, ber::SEQUENCE, &global);
    ber::write(&mut body, ber::OCTET_STRING, &parameters);
    body.extend_from_slice(data);
    let mut out = Vec::with_capacity(body.len().saturating_add(4));
    ber::write(&mut out, ber::SEQUENCE, &body);
    out
}

/// The largest message that the agent takes: what a UDP datagram can carry. Its answers
/// are far smaller.
pub const MESSAGE_SIZE_MAX: u32 = 65_507;
