//! The types of values that are found.

use serde::{Serialize, Serializer};

macro_rules! entities {
    ($($variant:ident = $name:literal, $doc:literal;)*) => {
        /// A type of sensitive value. Names follow Presidio where it has one; secrets are
        /// `SECRET_<VENDOR>_<KIND>`.
        ///
        /// # Examples
        /// ```
        /// # use placet::mask::EntityType;
        /// assert_eq!(EntityType::CreditCard.name(), "CREDIT_CARD");
        /// assert_eq!(EntityType::parse("US_SSN"), Some(EntityType::UsSsn));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EntityType { $(#[doc = $doc] $variant,)* }

        impl EntityType {
            /// Every type, in the order that settles ties.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that stands in labels, bundles and findings.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The type of this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

entities! {
    SecretPemPrivateKey = "SECRET_PEM_PRIVATE_KEY", "A private key in PEM armour.";
    SecretJwt = "SECRET_JWT", "A JSON web token.";
    SecretUrlCredentials = "SECRET_URL_CREDENTIALS", "The password inside a URL.";
    SecretAwsAccessKeyId = "SECRET_AWS_ACCESS_KEY_ID", "An AWS access key id.";
    SecretAwsSecretAccessKey = "SECRET_AWS_SECRET_ACCESS_KEY", "An AWS secret access key, by context.";
    SecretGithubToken = "SECRET_GITHUB_TOKEN", "A GitHub token.";
    SecretSlackToken = "SECRET_SLACK_TOKEN", "A Slack token.";
    SecretStripeKey = "SECRET_STRIPE_KEY", "A Stripe secret or restricted key.";
    SecretAnthropicKey = "SECRET_ANTHROPIC_KEY", "An Anthropic API key.";
    SecretOpenaiKey = "SECRET_OPENAI_KEY", "An OpenAI-style API key.";
    SecretKubernetes = "SECRET_KUBERNETES", "A value of a Kubernetes Secret, by its place.";
    IbanCode = "IBAN_CODE", "An international bank account number.";
    CreditCard = "CREDIT_CARD", "A payment card number.";
    UsSsn = "US_SSN", "A US social security number.";
    PhoneNumber = "PHONE_NUMBER", "A phone number in international form.";
    EmailAddress = "EMAIL_ADDRESS", "An e-mail address.";
    IpAddress = "IP_ADDRESS", "An IPv4 or IPv6 address.";
}

impl Serialize for EntityType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A set of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntitySet(u32);

impl EntitySet {
    pub(crate) const ALL: Self = Self(u32::MAX);

    pub(crate) fn of(kinds: &[EntityType]) -> Self {
        Self(kinds.iter().fold(0, |set, kind| set | 1 << (*kind as u32)))
    }

    /// The types of this list, for tables of detectors.
    const fn list(kinds: &[EntityType]) -> Self {
        let mut set = 0;
        let mut rest = kinds;
        while let [first, others @ ..] = rest {
            set |= 1 << (*first as u32);
            rest = others;
        }
        Self(set)
    }

    /// Keys that are known by how they start.
    pub(crate) const VENDOR_KEYS: Self = Self::list(&[
        EntityType::SecretAwsAccessKeyId,
        EntityType::SecretGithubToken,
        EntityType::SecretSlackToken,
        EntityType::SecretStripeKey,
        EntityType::SecretAnthropicKey,
        EntityType::SecretOpenaiKey,
    ]);

    /// Types of which a value may have neither a digit nor a sign of its own.
    pub(crate) const BARE_TOKENS: Self = Self::list(&[
        EntityType::SecretAwsAccessKeyId,
        EntityType::SecretGithubToken,
        EntityType::SecretSlackToken,
        EntityType::SecretStripeKey,
        EntityType::SecretAnthropicKey,
        EntityType::SecretOpenaiKey,
        EntityType::SecretAwsSecretAccessKey,
        EntityType::SecretJwt,
    ]);

    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn contains(self, kind: EntityType) -> bool {
        self.0 & (1 << (kind as u32)) != 0
    }
}
