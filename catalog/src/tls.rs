//! TLS towards servers, with rustls and ring.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::error::CatalogError;
use crate::source::{Host, Server, Tls};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn refused(why: impl Into<String>, help: &str) -> CatalogError {
    CatalogError::new("API063", why, help)
}

/// What can be done about a server without a certificate that holds.
const TURNED_DOWN: &str = "give the authority's certificate with `?sslrootcert=FILE.pem`; \
    `?sslmode=require` encrypts and looks at no certificate, `?sslmode=disable` does neither";

/// The complaint for a server that does not speak TLS.
pub(crate) fn not_offered() -> CatalogError {
    refused(
        "the server offers no TLS",
        "turn it on at the server, or write `?sslmode=disable`: names then cross the network in clear",
    )
}

/// The complaint behind a failed handshake, where TLS itself failed.
pub(crate) fn told(error: &io::Error) -> Option<CatalogError> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(refused(format!("the TLS handshake failed: {error}"), TURNED_DOWN))
}

/// The client's half of a connection to this server.
pub(crate) fn connection(
    server: &Server,
    alpn: Option<&[u8]>,
) -> Result<ClientConnection, CatalogError> {
    let Host::Tcp(host, _) = &server.host else {
        return Err(CatalogError::protocol("TLS on a socket"));
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string(), TURNED_DOWN))?;
    let mut config = match &server.tls {
        Tls::VerifyFull(roots) => {
            builder.with_root_certificates(authorities(roots.as_deref())?).with_no_client_auth()
        }
        Tls::Require | Tls::Disable => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(dangerous::AnyCertificate::new(provider())))
            .with_no_client_auth(),
    };
    config.alpn_protocols = alpn.map(<[u8]>::to_vec).into_iter().collect();
    let name = ServerName::try_from(host.clone())
        .map_err(|_| refused("the host is no name that a certificate can bear", TURNED_DOWN))?;
    ClientConnection::new(Arc::new(config), name)
        .map_err(|error| refused(error.to_string(), TURNED_DOWN))
}

/// The authorities of a file, else those of the system.
fn authorities(file: Option<&Path>) -> Result<RootCertStore, CatalogError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        // A certificate of the system that cannot be read is none.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(refused("this machine knows no certificate authority", TURNED_DOWN));
        }
        return Ok(roots);
    };
    let unusable = || {
        refused("`sslrootcert` cannot be read as certificates", "give a PEM file of the authority")
            .at(&file.display().to_string())
    };
    let found: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_file_iter(file).and_then(|found| found.collect());
    for certificate in found.map_err(|_| unusable())? {
        roots.add(certificate).map_err(|_| unusable())?;
    }
    if roots.is_empty() { Err(unusable()) } else { Ok(roots) }
}

/// What weakens a check.
mod dangerous {
    use std::sync::Arc;

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};
    use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

    /// Takes every certificate: `sslmode=require` keeps those out who only listen.
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
