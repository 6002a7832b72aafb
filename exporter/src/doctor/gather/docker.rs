//! Asks the container engine which containers there are, at its socket.
//!
//! The engine's own API is asked, one request that only reads, and no program is run: a
//! `docker` on the path would have to be trusted with our rights, and prints for people.
//! The answer is bounded in time and length and read as HTTP 1.0, so it is not chunked.
//!
//! Source: Docker Engine API, "List containers", `GET /containers/json`.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::super::facts::{Container, DockerFacts};

/// How long the engine may take for one read or write.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest answer that is read; a container takes about two kilobytes.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The stopped ones too: one that does not run is worth more words than one that is not.
const REQUEST: &[u8] = b"GET /containers/json?all=1 HTTP/1.0\r\nHost: docker\r\n\r\n";

/// A container, as far as we read it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ApiContainer {
    #[serde(default)]
    image: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    status: String,
}

/// Asks once.
pub(in crate::doctor) fn ask(socket: &Path) -> DockerFacts {
    match answer_of(socket) {
        Ok(answer) => match read_answer(&answer) {
            Ok(containers) => DockerFacts::Answers(containers),
            Err(problem) => silent(socket, problem),
        },
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => DockerFacts::NoSocket,
            io::ErrorKind::PermissionDenied => DockerFacts::Denied(socket.to_owned()),
            _ => silent(socket, format!("the engine does not answer: {error}")),
        },
    }
}

fn silent(socket: &Path, problem: String) -> DockerFacts {
    DockerFacts::Silent {
        socket: socket.to_owned(),
        problem,
    }
}

fn answer_of(socket: &Path) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

/// Reads the engine's answer, head and body.
fn read_answer(answer: &[u8]) -> Result<Vec<Container>, String> {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err("what answers is no engine".to_owned());
    };
    let code = head.split(' ').nth(1).unwrap_or_default();
    if !head.starts_with("HTTP/1.") || code != "200" {
        return Err("the engine refuses to list its containers".to_owned());
    }
    let containers: Vec<ApiContainer> =
        serde_json::from_str(body).map_err(|_| "the engine's list is not understood".to_owned())?;
    let known = containers.into_iter().map(|container| Container {
        image: container.image,
        state: container.state,
        status: container.status,
    });
    Ok(known.collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use proptest::prelude::*;

    /// What Docker 24 answers, shortened.
    const LIST: &str = "HTTP/1.0 200 OK\r\nApi-Version: 1.43\r\n\r\n\
        [{\"Id\":\"8f\",\"Names\":[\"/quirky_noyce\"],\"Image\":\"new_edge_access:latest\",\
        \"State\":\"running\",\"Status\":\"Up 3 days\",\"Ports\":[]}]\n";

    fn asked(answer: &'static str) -> DockerFacts {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            request[..length].to_vec()
        });
        let facts = ask(&socket);
        assert_eq!(server.join().unwrap(), REQUEST);
        facts
    }

    #[test]
    fn an_engine_tells_its_containers() {
        let container = Container {
            image: "new_edge_access:latest".to_owned(),
            state: "running".to_owned(),
            status: "Up 3 days".to_owned(),
        };
        assert_eq!(asked(LIST), DockerFacts::Answers(vec![container]));
    }

    #[test]
    fn what_is_no_engine_is_silent() {
        for answer in [
            "",
            "hello",
            "HTTP/1.0 500 No\r\n\r\n[]",
            "HTTP/1.0 200 OK\r\n\r\n{}",
        ] {
            let facts = asked(answer);
            assert!(matches!(facts, DockerFacts::Silent { .. }), "{facts:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("docker.sock");
        assert_eq!(ask(&missing), DockerFacts::NoSocket);
        std::fs::write(&missing, "").unwrap();
        assert!(matches!(ask(&missing), DockerFacts::Silent { .. }));
    }

    proptest! {
        /// Whatever an engine says is a list or a refusal.
        #[test]
        fn any_answer_is_survived(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_answer(&body);
            let mut whole = b"HTTP/1.0 200 OK\r\n\r\n".to_vec();
            whole.extend(body);
            let _ = read_answer(&whole);
        }
    }
}
