//! A web server that answers what a test says, one request a connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request that arrived.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The first line and the headers, in lower case but for their values.
    pub(super) head: Vec<String>,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.head.iter().find_map(|line| line.strip_prefix(&prefix))
    }
}

/// The server.
#[derive(Clone)]
pub(super) struct HttpServer {
    answers: Arc<Mutex<VecDeque<String>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    pub(super) port: u16,
}

impl HttpServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            answers: Arc::default(),
            asked: Arc::default(),
        };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().serve(stream));
            }
        });
        server
    }

    /// Answers so the next time: a status line's end such as `200 OK`, further headers,
    /// and a body.
    pub(super) fn answer(&self, status: &str, headers: &[&str], body: &str) -> &Self {
        let mut lines = vec![format!("HTTP/1.1 {status}")];
        lines.extend(headers.iter().map(|line| (*line).to_owned()));
        lines.push(format!("content-length: {}", body.len()));
        lines.push("connection: close".to_owned());
        let answer = format!("{}\r\n\r\n{body}", lines.join("\r\n"));
        self.answers.lock().unwrap().push_back(answer);
        self
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    async fn serve(self, mut stream: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            stream
                .read_buf(&mut bytes)
                .await
                .ok()
                .filter(|length| 0 < *length)?;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let head: Vec<String> = head.trim_end().lines().map(ToOwned::to_owned).collect();
        let mut asked = Asked {
            head,
            body: String::new(),
        };
        let length: usize = asked
            .header("content-length")
            .map_or(0, |text| text.parse().unwrap());
        while bytes.len() < end + length {
            stream
                .read_buf(&mut bytes)
                .await
                .ok()
                .filter(|length| 0 < *length)?;
        }
        asked.body = String::from_utf8(bytes[end..].to_vec()).unwrap();
        self.asked.lock().unwrap().push(asked);
        let answer = self.answers.lock().unwrap().pop_front();
        // Nothing left to say: it stays silent.
        let answer = match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.shutdown().await.ok()
    }
}
