//! Requests as they come, and answers as they go: the three versions' envelopes.
//!
//! Everything a stranger can send passes here before anything is known about him, so
//! nothing here allocates more than the datagram is long, and every frame must end where
//! its length says. One exception, as net-snmp makes it: bytes behind a whole message
//! are ignored. What may be asked, and by whom, is not decided here.
//!
//! Sources: RFC 1157 4, RFC 1901, RFC 3412 6, RFC 3414 2.4, RFC 3416 3.

use crate::ber::{self, BerError, Reader};

/// The versions as they stand in a message.
pub const V1: i32 = 0;
/// See [`V1`].
pub const V2C: i32 = 1;
/// See [`V1`].
pub const V3: i32 = 3;

/// What a protocol data unit asks or tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PduKind {
    /// GetRequest.
    Get,
    /// GetNextRequest.
    GetNext,
    /// GetBulkRequest.
    GetBulk,
    /// SetRequest.
    Set,
    /// Everything that nobody asks an agent: answers, traps, informs, reports.
    Other,
}

impl PduKind {
    const fn from_tag(tag: u8) -> Option<Self> {
        match tag {
            0xa0 => Some(Self::Get),
            0xa1 => Some(Self::GetNext),
            0xa3 => Some(Self::Set),
            0xa5 => Some(Self::GetBulk),
            0xa2 | 0xa4 | 0xa6 | 0xa7 | 0xa8 => Some(Self::Other),
            _ => None,
        }
    }
}

/// Tag of an answer.
pub const RESPONSE: u8 = 0xa2;
/// Tag of a trap.
pub const TRAP: u8 = 0xa7;
/// Tag of a report.
pub const REPORT: u8 = 0xa8;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// What is asked.
    pub kind: PduKind,
    /// The asker's number for it.
    pub id: i32,
    /// error-status, or non-repeaters of a GetBulkRequest.
    pub first: i32,
    /// error-index, or max-repetitions of a GetBulkRequest.
    pub second: i32,
    /// The names asked for, in order.
    pub names: Vec<Vec<u32>>,
    /// All variable bindings as they came.
    pub bindings: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads a protocol data unit, which must be the last element of its frame.
    ///
    /// # Errors
    ///
    /// [`BerError`] if it is malformed, or of an unknown kind.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, BerError> {
        let (tag, content) = reader.element()?;
        let kind = PduKind::from_tag(tag).ok_or(BerError::UnexpectedTag)?;
        let mut pdu = Reader::new(content);
        if tag == 0xa4 {
            // A trap of SNMPv1 has another shape, and nobody reads it here.
            return Ok(Self {
                kind,
                id: 0,
                first: 0,
                second: 0,
                names: Vec::new(),
                bindings: &[],
            });
        }
        let (id, first, second) = (pdu.integer()?, pdu.integer()?, pdu.integer()?);
        let bindings = pdu.expect(ber::SEQUENCE)?;
        pdu.finish()?;
        Ok(Self {
            kind,
            id,
            first,
            second,
            names: read_names(bindings)?,
            bindings,
        })
    }
}

fn read_names(bindings: &[u8]) -> Result<Vec<Vec<u32>>, BerError> {
    let mut list = Reader::new(bindings);
    let mut names = Vec::new();
    while !list.is_empty() {
        let mut binding = list.enter(ber::SEQUENCE)?;
        let mut name = Vec::with_capacity(16);
        binding.oid(&mut name)?;
        let (tag, content) = binding.element()?;
        check_value(tag, content)?;
        binding.finish()?;
        names.push(name);
    }
    Ok(names)
}

/// A value in a request means nothing to us, but it must be one.
fn check_value(tag: u8, content: &[u8]) -> Result<(), BerError> {
    match tag {
        ber::INTEGER | ber::COUNTER32 | ber::GAUGE32 | ber::TIME_TICKS | ber::COUNTER64 => {
            let is_number = !content.is_empty() && content.len() <= 9;
            is_number.then_some(()).ok_or(BerError::BadNumber)
        }
        ber::OBJECT_IDENTIFIER => ber::read_oid(content, &mut Vec::new()),
        ber::NULL | ber::NO_SUCH_OBJECT | ber::NO_SUCH_INSTANCE | ber::END_OF_MIB_VIEW => {
            let is_nothing = content.is_empty();
            is_nothing.then_some(()).ok_or(BerError::BadLength)
        }
        // IpAddress, and what early versions had.
        ber::OCTET_STRING | ber::OPAQUE | 0x40 | 0x45 | 0x47 => Ok(()),
        _ => Err(BerError::UnexpectedTag),
    }
}

/// A message up to the point where its version decides.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The version's number.
    pub version: i32,
    /// The rest.
    pub body: Reader<'a>,
    /// The whole message, without bytes behind it.
    pub whole: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Opens a datagram.
    ///
    /// # Errors
    ///
    /// [`BerError`] if it is no message of any version.
    pub fn open(datagram: &'a [u8]) -> Result<Self, BerError> {
        let mut outer = Reader::new(datagram);
        let mut body = outer.enter(ber::SEQUENCE)?;
        let size = datagram.len().saturating_sub(outer.rest().len());
        Ok(Self {
            version: body.integer()?,
            body,
            whole: datagram.get(..size).unwrap_or(datagram),
        })
    }

    /// Community and request of a message of versions 1 and 2c.
    ///
    /// # Errors
    ///
    /// [`BerError`] if it is malformed.
    pub fn community(mut self) -> Result<(&'a [u8], Request<'a>), BerError> {
        let community = self.body.expect(ber::OCTET_STRING)?;
        let request = Request::read(&mut self.body)?;
        self.body.finish()?;
        Ok((community, request))
    }
}

/// msgFlags (RFC 3412 6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// Signed.
    pub const fn is_signed(self) -> bool {
        self.0 & 1 != 0
    }

    /// Encrypted.
    pub const fn is_sealed(self) -> bool {
        self.0 & 2 != 0
    }

    /// The sender wants a report if something is wrong.
    pub const fn is_reportable(self) -> bool {
        self.0 & 4 != 0
    }
}

/// Smallest message that every sender must be able to take (RFC 3412 6.3).
pub const MESSAGE_SIZE_MIN: i32 = 484;

/// msgGlobalData, and what is behind it, unread.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// msgID.
    pub id: i32,
    /// msgMaxSize: the largest answer that the sender takes.
    pub size_max: usize,
    /// msgFlags.
    pub flags: Flags,
    /// msgSecurityModel; 3 is the user-based one.
    pub security_model: i32,
    /// msgSecurityParameters.
    pub security: &'a [u8],
    /// The last element: a plain scopedPDU or an encrypted one.
    pub data: (u8, &'a [u8]),
}

impl<'a> Header<'a> {
    /// Reads what all security models have in common.
    ///
    /// # Errors
    ///
    /// [`BerError`] if it is malformed, or a number is out of its range.
    pub fn read(mut body: Reader<'a>) -> Result<Self, BerError> {
        let mut global = body.enter(ber::SEQUENCE)?;
        let id = global.integer()?;
        let size_max = global.integer()?;
        let flags = global.expect(ber::OCTET_STRING)?;
        let security_model = global.integer()?;
        global.finish()?;
        let [flags] = flags else {
            return Err(BerError::BadLength);
        };
        if id < 0 || size_max < MESSAGE_SIZE_MIN || security_model < 1 {
            return Err(BerError::BadNumber);
        }
        let security = body.expect(ber::OCTET_STRING)?;
        let data = body.element()?;
        body.finish()?;
        Ok(Self {
            id,
            size_max: usize::try_from(size_max).map_err(|_| BerError::BadNumber)?,
            flags: Flags(*flags),
            security_model,
            security,
            data,
        })
    }
}

/// UsmSecurityParameters (RFC 3414 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Security<'a> {
    /// msgAuthoritativeEngineID.
    pub engine_id: &'a [u8],
    /// msgAuthoritativeEngineBoots.
    pub boots: u32,
    /// msgAuthoritativeEngineTime.
    pub time: u32,
    /// msgUserName.
    pub user: &'a [u8],
    /// msgAuthenticationParameters.
    pub signature: &'a [u8],
    /// msgPrivacyParameters.
    pub privacy: &'a [u8],
}

impl<'a> Security<'a> {
    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// [`BerError`] if they are malformed, or a number is negative.
    pub fn read(octets: &'a [u8]) -> Result<Self, BerError> {
        let mut outer = Reader::new(octets);
        let mut inner = outer.enter(ber::SEQUENCE)?;
        outer.finish()?;
        let engine_id = inner.expect(ber::OCTET_STRING)?;
        let number = |number: i32| u32::try_from(number).map_err(|_| BerError::BadNumber);
        let parameters = Self {
            engine_id,
            boots: number(inner.integer()?)?,
            time: number(inner.integer()?)?,
            user: inner.expect(ber::OCTET_STRING)?,
            signature: inner.expect(ber::OCTET_STRING)?,
            privacy: inner.expect(ber::OCTET_STRING)?,
        };
        inner.finish()?;
        Ok(parameters)
    }
}

/// Where a part lies in the whole that it was cut from.
pub fn place_in(whole: &[u8], part: &[u8]) -> Option<usize> {
    let place = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    (place.checked_add(part.len())? <= whole.len()).then_some(place)
}

/// A scopedPDU: the context, and the request in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoped<'a> {
    /// contextEngineID.
    pub engine_id: &'a [u8],
    /// contextName.
    pub name: &'a [u8],
    /// The request.
    pub request: Request<'a>,
}

impl<'a> Scoped<'a> {
    /// Reads the content of a scopedPDU.
    ///
    /// # Errors
    ///
    /// [`BerError`] if it is malformed.
    pub fn read(content: &'a [u8]) -> Result<Self, BerError> {
        let mut inner = Reader::new(content);
        let engine_id = inner.expect(ber::OCTET_STRING)?;
        let name = inner.expect(ber::OCTET_STRING)?;
        let request = Request::read(&mut inner)?;
        inner.finish()?;
        Ok(Self {
            engine_id,
            name,
            request,
        })
    }

    /// Reads a scopedPDU that was encrypted. What is behind it is padding: DES needs it,
    /// and some pad for AES too, which net-snmp takes as well.
    ///
    /// # Errors
    ///
    /// [`BerError`] if it is malformed: the key was wrong, most likely.
    pub fn read_padded(plain: &'a [u8]) -> Result<Self, BerError> {
        Self::read(Reader::new(plain).expect(ber::SEQUENCE)?)
    }
}

/// Content of an answer, a report or a trap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pdu {
    /// The asker's number.
    pub id: i32,
    /// error-status.
    pub status: i32,
    /// error-index, from 1 on; 0 if no binding is to blame.
    pub index: i32,
    /// The variable bindings, one after another.
    pub bindings: Vec<u8>,
}

impl Pdu {
    /// Writes it under a tag.
    pub fn write(&self, tag: u8, out: &mut Vec<u8>) {
        let mut head = Vec::with_capacity(24);
        ber::write_integer(&mut head, i64::from(self.id));
        ber::write_integer(&mut head, i64::from(self.status));
        ber::write_integer(&mut head, i64::from(self.index));
        ber::write_header(&mut head, ber::SEQUENCE, self.bindings.len());
        ber::write_header(out, tag, head.len().saturating_add(self.bindings.len()));
        out.extend_from_slice(&head);
        out.extend_from_slice(&self.bindings);
    }
}

/// Most octets that an answer to a community takes beside its bindings: four headers of
/// four octets, a version, three numbers.
pub fn community_overhead(community: &[u8]) -> usize {
    community.len().saturating_add(40)
}

/// A message of version 1 or 2c.
pub fn write_community(version: i32, community: &[u8], tag: u8, pdu: &Pdu) -> Vec<u8> {
    let mut body = Vec::with_capacity(pdu.bindings.len().saturating_add(64));
    ber::write_integer(&mut body, i64::from(version));
    ber::write(&mut body, ber::OCTET_STRING, community);
    pdu.write(tag, &mut body);
    let mut out = Vec::with_capacity(body.len().saturating_add(4));
    ber::write(&mut out, ber::SEQUENCE, &body);
    out
}

#[cfg(test)]
mod tests;
