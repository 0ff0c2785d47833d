//! Routes: from method and path to the operation.

/// A parsed path. Project and number are still percent-encoded.
#[derive(Debug)]
pub(super) struct Target<'a> {
    pub(super) project: &'a str,
    /// Empty for the list.
    pub(super) number: &'a str,
    pub(super) resource: Resource,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Resource {
    Numbers,
    Number,
    Release,
    Address,
    Provision,
    Deprovision,
    Validate,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    List,
    Get,
    Update,
    Release,
    GetAddress,
    Provision,
    Deprovision,
    Validate,
}

impl Operation {
    /// Returns the name that the operation has in the client's errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::List => "active_list",
            Self::Get => "active_get",
            Self::Update => "active_update",
            Self::Release => "active_release",
            Self::GetAddress => "emergency_address_get",
            Self::Provision => "emergency_address_provision",
            Self::Deprovision => "emergency_address_deprovision",
            Self::Validate => "emergency_address_validate",
        }
    }
}

impl<'a> Target<'a> {
    pub(super) fn parse(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/v1/projects/")?;
        let (project, rest) = rest.split_once('/')?;
        let mut segments = rest.split('/');
        if segments.next() != Some("activeNumbers") || project.is_empty() {
            return None;
        }
        let (number, below) = (segments.next(), segments.next());
        if segments.next().is_some() {
            return None;
        }
        // A verb begins with a literal colon; an encoded one belongs to the number.
        let (number, resource) = match (number, below) {
            (None, _) => ("", Resource::Numbers),
            (Some(number), None) => match number.rsplit_once(':') {
                None => (number, Resource::Number),
                Some((number, "release")) => (number, Resource::Release),
                Some(_) => return None,
            },
            (Some(number), Some("emergencyAddress")) => (number, Resource::Address),
            (Some(number), Some(below)) => match below.strip_prefix("emergencyAddress:")? {
                "provision" => (number, Resource::Provision),
                "deprovision" => (number, Resource::Deprovision),
                "validate" => (number, Resource::Validate),
                _ => return None,
            },
        };
        if number.is_empty() && !matches!(resource, Resource::Numbers) {
            return None;
        }
        Some(Self { project, number, resource })
    }
}

impl Resource {
    pub(super) fn operation(self, method: &str) -> Option<Operation> {
        match (self, method) {
            (Self::Numbers, "GET") => Some(Operation::List),
            (Self::Number, "GET") => Some(Operation::Get),
            (Self::Number, "PATCH") => Some(Operation::Update),
            (Self::Release, "POST") => Some(Operation::Release),
            (Self::Address, "GET") => Some(Operation::GetAddress),
            (Self::Provision, "POST") => Some(Operation::Provision),
            (Self::Deprovision, "POST") => Some(Operation::Deprovision),
            (Self::Validate, "POST") => Some(Operation::Validate),
            _ => None,
        }
    }

    pub(super) fn allows(self) -> &'static str {
        match self {
            Self::Numbers | Self::Address => "GET, HEAD",
            Self::Number => "GET, HEAD, PATCH",
            Self::Release | Self::Provision | Self::Deprovision | Self::Validate => "POST",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_for_one_resource() {
        for (path, expected) in [
            ("/v1/projects/p/activeNumbers", Some(("p", "", "Numbers"))),
            ("/v1/projects/p/activeNumbers/+1", Some(("p", "+1", "Number"))),
            ("/v1/projects/p/activeNumbers/%2B1", Some(("p", "%2B1", "Number"))),
            ("/v1/projects/p/activeNumbers/+1:release", Some(("p", "+1", "Release"))),
            ("/v1/projects/p/activeNumbers/+1%3Arelease", Some(("p", "+1%3Arelease", "Number"))),
            ("/v1/projects/p/activeNumbers/+1/emergencyAddress", Some(("p", "+1", "Address"))),
            (
                "/v1/projects/p/activeNumbers/+1/emergencyAddress:provision",
                Some(("p", "+1", "Provision")),
            ),
            (
                "/v1/projects/p/activeNumbers/+1/emergencyAddress:deprovision",
                Some(("p", "+1", "Deprovision")),
            ),
            (
                "/v1/projects/p/activeNumbers/+1/emergencyAddress:validate",
                Some(("p", "+1", "Validate")),
            ),
            ("/", None),
            ("/v1/projects/p", None),
            ("/v1/projects//activeNumbers", None),
            ("/v1/projects/p/activeNumbers/", None),
            ("/v1/projects/p/activeNumbers/:release", None),
            ("/v1/projects/p/activeNumbers/+1:rent", None),
            ("/v1/projects/p/activeNumbers/+1/", None),
            ("/v1/projects/p/activeNumbers/+1/emergencyAddress:", None),
            ("/v1/projects/p/activeNumbers//emergencyAddress", None),
            ("/v1/projects/p/activeNumbers/+1/emergencyAddress/x", None),
            ("/v2/projects/p/activeNumbers", None),
            ("/v1/projects/p/availableNumbers", None),
        ] {
            let target = Target::parse(path);
            let target = target
                .as_ref()
                .map(|target| (target.project, target.number, format!("{:?}", target.resource)));
            let expected =
                expected.map(|(project, number, name)| (project, number, name.to_owned()));
            assert_eq!(target, expected, "{path}");
        }
    }
}
