//! Where a session goes: which host and method, and what a model is called there.

use antiphon_protocol::{
    PeerText,
    address::{BaseUrl, InvalidUrl, UrlProblem},
};

const DEVELOPER_HOST: &str = "generativelanguage.googleapis.com";
const DEVELOPER_VERSION: &str = "v1beta";
const CONSTRAINED_VERSION: &str = "v1alpha";
const VERTEX_HOST: &str = "aiplatform.googleapis.com";
const VERTEX_VERSION: &str = "v1beta1";

/// Which of Google's two services a session is on. They share the wire, but not every member of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The Gemini Developer API.
    Developer,
    /// Vertex AI.
    Vertex,
}

/// The service behind an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// The Developer API; `constrained` is the method that takes short-lived tokens.
    Developer {
        /// Which version of the API.
        version: String,
        /// Whether it is the method for short-lived tokens.
        constrained: bool,
    },
    /// Vertex AI.
    Vertex {
        /// Which version of the API.
        version: String,
        /// Whose models.
        project: String,
        /// Where.
        location: String,
    },
}

impl Service {
    pub(crate) fn developer(constrained: bool) -> Self {
        let version = if constrained {
            CONSTRAINED_VERSION
        } else {
            DEVELOPER_VERSION
        };
        Self::Developer {
            version: version.to_owned(),
            constrained,
        }
    }

    pub(crate) fn vertex(project: &str, location: &str) -> Result<Self, InvalidUrl> {
        for part in [project, location] {
            if !is_plain(part) {
                return Err(InvalidUrl {
                    address: PeerText::new(part).as_str().to_owned(),
                    problem: UrlProblem::Malformed,
                });
            }
        }
        Ok(Self::Vertex {
            version: VERTEX_VERSION.to_owned(),
            project: project.to_owned(),
            location: location.to_owned(),
        })
    }

    pub(crate) const fn backend(&self) -> Backend {
        match self {
            Self::Developer { .. } => Backend::Developer,
            Self::Vertex { .. } => Backend::Vertex,
        }
    }

    /// The provider's name, for errors and summaries.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Developer { .. } => "gemini-live",
            Self::Vertex { .. } => "vertex-gemini-live",
        }
    }

    /// The provider's name as OpenTelemetry's conventions list it.
    pub(crate) const fn telemetry_name(&self) -> &'static str {
        match self {
            Self::Developer { .. } => "gcp.gemini",
            Self::Vertex { .. } => "gcp.vertex_ai",
        }
    }

    /// The address of the service itself.
    pub(crate) fn base(&self) -> BaseUrl {
        match self {
            Self::Developer { .. } => BaseUrl::known(DEVELOPER_HOST, ""),
            Self::Vertex { location, .. } => BaseUrl::known(&vertex_host(location), ""),
        }
    }

    /// The path of the method.
    pub(crate) fn method(&self) -> String {
        match self {
            Self::Developer {
                version,
                constrained,
            } => {
                let method = if *constrained {
                    "BidiGenerateContentConstrained"
                } else {
                    "BidiGenerateContent"
                };
                format!("/ws/google.ai.generativelanguage.{version}.GenerativeService.{method}")
            }
            // A slash stands before the method here, not a dot.
            Self::Vertex { version, .. } => {
                format!("/ws/google.cloud.aiplatform.{version}.LlmBidiService/BidiGenerateContent")
            }
        }
    }

    pub(crate) fn set_version(&mut self, new: &str) {
        match self {
            Self::Developer { version, .. } | Self::Vertex { version, .. } => {
                new.clone_into(version);
            }
        }
    }

    /// Whether the version can stand in the address.
    pub(crate) fn has_plain_version(&self) -> bool {
        match self {
            Self::Developer { version, .. } | Self::Vertex { version, .. } => is_plain(version),
        }
    }

    /// The model as the setup names it.
    pub(crate) fn model(&self, model: &str) -> String {
        match self {
            Self::Developer { .. } if model.contains('/') => model.to_owned(),
            Self::Developer { .. } => format!("models/{model}"),
            Self::Vertex { .. } if model.starts_with("projects/") => model.to_owned(),
            Self::Vertex {
                project, location, ..
            } => {
                let model = bare(model);
                format!("projects/{project}/locations/{location}/publishers/google/models/{model}")
            }
        }
    }
}

/// The model's name without what it is filed under.
pub(crate) fn bare(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

fn vertex_host(location: &str) -> String {
    match location {
        "global" => VERTEX_HOST.to_owned(),
        // Places that span several regions have hosts of their own.
        "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
        region => format!("{region}-{VERTEX_HOST}"),
    }
}

fn is_plain(part: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    !part.is_empty() && part.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_method() {
        let vertex = |location| Service::vertex("p", location).expect(location);
        for (service, url) in [
            (
                Service::developer(false),
                "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.\
                 GenerativeService.BidiGenerateContent",
            ),
            (
                Service::developer(true),
                "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1alpha.\
                 GenerativeService.BidiGenerateContentConstrained",
            ),
            (
                vertex("us-central1"),
                "wss://us-central1-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.\
                 LlmBidiService/BidiGenerateContent",
            ),
            (
                vertex("global"),
                "wss://aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.\
                 LlmBidiService/BidiGenerateContent",
            ),
            (
                vertex("eu"),
                "wss://aiplatform.eu.rep.googleapis.com/ws/google.cloud.aiplatform.v1beta1.\
                 LlmBidiService/BidiGenerateContent",
            ),
        ] {
            let made = service.base().endpoint(&service.method(), &[]);
            assert_eq!(made.expect(url).to_string(), url);
        }
    }

    #[test]
    fn a_model_is_named_as_its_service_wants_it() {
        let developer = Service::developer(false);
        let vertex = Service::vertex("p", "l").expect("plain");
        let full = "projects/p/locations/l/publishers/google/models/m";
        for (service, given, named) in [
            (&developer, "m", "models/m"),
            (&developer, "models/m", "models/m"),
            (&developer, "tunedModels/m", "tunedModels/m"),
            (&vertex, "m", full),
            (&vertex, "models/m", full),
            (&vertex, "publishers/google/models/m", full),
            (
                &vertex,
                "projects/q/locations/l/endpoints/7",
                "projects/q/locations/l/endpoints/7",
            ),
        ] {
            assert_eq!(service.model(given), named);
        }
    }

    #[test]
    fn a_location_cannot_lead_elsewhere() {
        for location in ["", "evil.test/", "us@evil.test", "a b", "a?b"] {
            assert!(Service::vertex("p", location).is_err(), "{location}");
            assert!(Service::vertex(location, "global").is_err(), "{location}");
        }
    }
}
