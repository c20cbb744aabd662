//! TLS on both sides, with rustls and ring.

use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::{Upstream, UpstreamTls};
use crate::error::ProxyError;

/// The name of the protocol inside TLS, as PostgreSQL registered it.
pub(crate) const ALPN: &[u8] = b"postgresql";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn unusable(path: &Path, why: &str) -> ProxyError {
    ProxyError::new("API048", format!("not usable: {why}"), "give PEM files that fit each other")
        .in_file(path.display().to_string())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ProxyError> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(|found| found.collect());
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unusable(path, "no certificate in it")),
        Err(_) => Err(unusable(path, "it cannot be read as certificates")),
    }
}

/// The listener's half.
pub(crate) fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, ProxyError> {
    let chain = certificates(cert)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if std::fs::metadata(key).is_ok_and(|meta| meta.mode() & 0o007 != 0) {
            return Err(unusable(key, "the key is open to everybody"));
        }
    }
    // The library's own words may quote the file.
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|_| unusable(key, "it cannot be read as a private key"))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(cert, &error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| unusable(cert, &error.to_string()))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The half towards a server, with the name that its certificate must have.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) connector: TlsConnector,
    pub(crate) name: ServerName<'static>,
}

/// `None` where the connection is not encrypted.
pub(crate) fn connector(upstream: &Upstream) -> Result<Option<Connector>, ProxyError> {
    let builder = || {
        ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| ProxyError::new("API048", error.to_string(), "report it"))
    };
    let config = match (upstream.tls, &upstream.ca) {
        (UpstreamTls::Disable, _) => return Ok(None),
        (UpstreamTls::Require, _) => builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(dangerous::AnyCertificate::new(provider())))
            .with_no_client_auth(),
        (UpstreamTls::VerifyFull, None) => {
            let message = "`verify-full` needs the certificates of the authorities";
            return Err(ProxyError::new("API042", message, "add `ca = \"FILE.pem\"`"));
        }
        (UpstreamTls::VerifyFull, Some(ca)) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(ca)? {
                roots.add(certificate).map_err(|error| unusable(ca, &error.to_string()))?;
            }
            builder()?.with_root_certificates(roots).with_no_client_auth()
        }
    };
    let name = ServerName::try_from(upstream.host().to_owned()).map_err(|_| {
        ProxyError::new("API044", "the server's host is no name of a host", "see `address`")
    })?;
    Ok(Some(Connector { connector: TlsConnector::from(Arc::new(config)), name }))
}

/// What weakens a check.
mod dangerous {
    use std::sync::Arc;

    use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
    use tokio_rustls::rustls::client::danger::{
        HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
    };
    use tokio_rustls::rustls::crypto::{
        CryptoProvider, verify_tls12_signature, verify_tls13_signature,
    };
    use tokio_rustls::rustls::{DigitallySignedStruct, Error, SignatureScheme};

    /// Takes every certificate: `tls = "require"` keeps those out who only listen.
    #[derive(Debug)]
    pub(super) struct AnyCertificate(Arc<CryptoProvider>);

    impl AnyCertificate {
        pub(super) const fn new(provider: Arc<CryptoProvider>) -> Self {
            Self(provider)
        }
    }

    impl ServerCertVerifier for AnyCertificate {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}
