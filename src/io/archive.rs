//! The files of a zip archive, stored or deflated.
//!
//! Read here and not by the crate `zip`, which writes archives: they come from strangers, and it asks for memory for as
//! many files as one claims to have, which can end the process. This asks for memory for what it has read, and takes
//! an archive for what its last bytes say that it is.
//!
//! # Source
//! PKWARE, "APPNOTE.TXT, .ZIP File Format Specification", sections 4.3 and 4.5.3.

use std::io::{BufReader, Read, Seek, SeekFrom};

use flate2::CrcReader;
use flate2::read::DeflateDecoder;

use crate::base::Result;
use crate::io::header::{malformed, quoted};
use crate::io::npy::{fill, io};

/// Bytes of the end of a directory, without the comment that follows it.
const END: usize = 22;

/// Longest comment.
const COMMENT: u64 = u16::MAX as u64;

/// Most bytes that one deflated byte can stand for: the format's longest match, of 258 bytes, takes two
/// bits.
const MOST_INFLATED: u64 = 1032;

/// A file of an archive.
pub(super) struct Entry {
    pub name: String,
    /// Its length, if the archive tells the truth.
    pub size: u64,
    /// The bytes it takes in the archive.
    packed: u64,
    is_deflated: bool,
    checksum: u32,
    /// Where it starts.
    start: u64,
}

/// The files of an archive of `length` bytes. Together they have no more bytes than there are.
pub(super) fn entries(archive: &mut (impl Read + Seek), length: u64) -> Result<Vec<Entry>> {
    let Directory { start, size, count, before } = directory(archive, length)?;
    archive.seek(SeekFrom::Start(start)).map_err(io)?;
    let mut directory = BufReader::new(archive.take(size));
    let (mut entries, mut taken) = (Vec::new(), 0_u64);
    for _ in 0..count {
        let entry = entry(&mut directory, before)?;
        let most = if entry.is_deflated { entry.packed.saturating_mul(MOST_INFLATED) } else { entry.packed };
        // Files that share bytes would be more than there are.
        taken = taken.saturating_add(entry.packed);
        if taken > length || entry.size > most {
            let name = quoted(&entry.name);
            return Err(malformed(format_args!("{name} claims more bytes than there are: {}", entry.size)));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Where the directory of an archive is, how many files it names, and how many bytes precede the archive.
struct Directory {
    start: u64,
    size: u64,
    count: u64,
    before: u64,
}

/// Whatever the end of the archive says, within the archive.
fn directory(archive: &mut (impl Read + Seek), length: u64) -> Result<Directory> {
    let mut tail = vec![0; length.min(END as u64 + COMMENT) as usize];
    let tail_start = length - tail.len() as u64;
    read_at(archive, tail_start, &mut tail)?;
    // The comment reaches to the end.
    let is_end = |at: &usize| {
        let end = &tail[*at..];
        end.starts_with(b"PK\x05\x06") && usize::from(u16_at(end, 20)) == end.len() - END
    };
    let Some(at) = (0..=tail.len().saturating_sub(END)).rev().filter(|_| tail.len() >= END).find(is_end)
    else {
        return Err(malformed("it is no zip archive: it does not end as one does"));
    };
    let end = &tail[at..];
    let (count, size, start) = (u16_at(end, 10), u32_at(end, 12), u32_at(end, 16));
    let end_at = tail_start + at as u64;
    let broken = || malformed("the end of its directory points beyond the archive");
    if count != u16::MAX && size != u32::MAX && start != u32::MAX {
        let size = u64::from(size);
        // What stands before an archive moves all of it.
        let before =
            end_at.checked_sub(size).and_then(|at| at.checked_sub(start.into())).ok_or_else(broken)?;
        return Ok(Directory { start: before + u64::from(start), size, count: count.into(), before });
    }
    // What has no room there is in a record of its own, and where that is just before.
    let mut locator = [0; 20];
    read_at(archive, end_at.checked_sub(20).ok_or_else(broken)?, &mut locator)?;
    let mut record = [0; 56];
    let record_at = u64_at(&locator, 8);
    let within = record_at.checked_add(record.len() as u64).is_some_and(|end| end <= end_at);
    if !locator.starts_with(b"PK\x06\x07") || !within {
        return Err(broken());
    }
    read_at(archive, record_at, &mut record)?;
    let (count, size, start) = (u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48));
    if !record.starts_with(b"PK\x06\x06") || start.checked_add(size).is_none_or(|end| end > record_at) {
        return Err(broken());
    }
    Ok(Directory { start, size, count, before: 0 })
}

/// The next file that a directory names.
fn entry(directory: &mut impl Read, before: u64) -> Result<Entry> {
    let mut head = [0; 46];
    read_whole(directory, &mut head)?;
    if !head.starts_with(b"PK\x01\x02") {
        return Err(malformed("its directory is broken"));
    }
    let mut name = vec![0; u16_at(&head, 28).into()];
    let mut extra = vec![0; u16_at(&head, 30).into()];
    let mut comment = vec![0; u16_at(&head, 32).into()];
    for part in [&mut name, &mut extra, &mut comment] {
        read_whole(directory, part)?;
    }
    let name = String::from_utf8(name).map_err(|_| malformed("its directory has a name that is no text"))?;
    let method = u16_at(&head, 10);
    if u16_at(&head, 8) & 1 != 0 {
        return Err(malformed(format_args!("{} is encrypted", quoted(&name))));
    }
    if !matches!(method, 0 | 8) {
        let name = quoted(&name);
        return Err(malformed(format_args!(
            "{name} is neither stored nor deflated, but compressed by method {method}"
        )));
    }
    // Numbers that have no room follow each other in a field of their own.
    let mut long = long_numbers(&extra);
    let mut number = |at: usize| match u32_at(&head, at) {
        u32::MAX => match long.split_at_checked(8) {
            Some((first, rest)) => {
                long = rest;
                Ok(u64_at(first, 0))
            }
            None => Err(malformed("its directory is broken")),
        },
        number => Ok(number.into()),
    };
    let (size, packed, start) = (number(24)?, number(20)?, number(42)?);
    let start = start.checked_add(before).ok_or_else(|| malformed("its directory is broken"))?;
    Ok(Entry { name, size, packed, is_deflated: method == 8, checksum: u32_at(&head, 16), start })
}

/// What the extra field number 1 holds.
fn long_numbers(mut extra: &[u8]) -> &[u8] {
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let Some((content, rest)) = rest.split_at_checked(u16_at(head, 2).into()) else { break };
        if u16_at(head, 0) == 1 {
            return content;
        }
        extra = rest;
    }
    &[]
}

/// What a file of an archive holds, and the checksum that this has.
pub(super) fn open<'a, A: Read + Seek>(
    archive: &'a mut A,
    length: u64,
    entry: &Entry,
) -> Result<CrcReader<Box<dyn Read + 'a>>> {
    let mut head = [0; 30];
    read_at(archive, entry.start, &mut head)?;
    let begins = head.len() as u64 + u64::from(u16_at(&head, 26)) + u64::from(u16_at(&head, 28));
    let begin = entry.start.saturating_add(begins);
    if !head.starts_with(b"PK\x03\x04") || begin.saturating_add(entry.packed) > length {
        return Err(malformed("it does not begin where the directory says"));
    }
    archive.seek(SeekFrom::Start(begin)).map_err(io)?;
    let packed = archive.take(entry.packed);
    Ok(CrcReader::new(match entry.is_deflated {
        true => Box::new(DeflateDecoder::new(packed)),
        false => Box::new(BufReader::new(packed)),
    }))
}

/// An error unless all has been read, and is what was written.
pub(super) fn close(mut content: CrcReader<impl Read>, entry: &Entry) -> Result<()> {
    if fill(&mut content, &mut [0])? > 0 {
        return Err(malformed("it goes on after its data"));
    }
    match content.crc().sum() == entry.checksum {
        true => Ok(()),
        false => Err(malformed("its checksum is wrong")),
    }
}

fn read_at(archive: &mut (impl Read + Seek), at: u64, into: &mut [u8]) -> Result<()> {
    archive.seek(SeekFrom::Start(at)).map_err(io)?;
    read_whole(archive, into)
}

fn read_whole(archive: &mut impl Read, into: &mut [u8]) -> Result<()> {
    match fill(archive, into)? == into.len() {
        true => Ok(()),
        false => Err(malformed("it ends too soon")),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
