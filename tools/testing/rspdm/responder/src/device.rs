// SPDX-License-Identifier: GPL-2.0

//! A device: its configuration, and the test CA that gave it its certificates.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        OnceLock, //
    },
};

use pem_rfc7468::LineEnding;

use crate::{
    algorithm::{
        Asym,
        Hash, //
    },
    authority::{
        make_chain,
        make_root, //
    },
    config::{
        Config,
        Defect, //
    },
    keys::Key,
    random::Random, //
};

/// A device with its keys and chains. Chains of an algorithm are made when first needed.
pub struct Device {
    /// Fixed properties.
    pub config: Config,
    /// Where keys, serial numbers and nonces come from.
    pub random: Arc<Random>,
    chains: Arc<Chains>,
}

/// The slots' chains, by algorithm.
type Chains = [OnceLock<BTreeMap<u8, Chain>>; Asym::COUNT];

/// What one slot holds, for one signature algorithm.
pub struct Chain {
    /// Certificates as sent, DER.
    pub certificates: Vec<Vec<u8>>,
    /// The root certificate, DER, sent or not.
    pub root: Vec<u8>,
    /// The leaf's key.
    pub key: Arc<Key>,
    /// What is wrong with the chain.
    pub defect: Option<Defect>,
}

impl Device {
    /// A device with the given properties.
    ///
    /// # Errors
    ///
    /// A sentence for the user if no chain can have the wished length.
    pub fn new(config: Config, random: Arc<Random>) -> Result<Self, String> {
        if config.distinct_keys && config.asym.iter().any(|asym| asym.is_rsa()) {
            return Err("slots can have keys of their own with ECDSA only: give --asym".into());
        }
        if let Some(bytes) = config.chain.bytes {
            let slot = config.slots.trailing_zeros() as u8;
            for &asym in &config.asym {
                make_chain(&config, asym, slot, &random)
                    .ok_or(format!("no {} chain has {bytes} bytes", asym.name()))?;
            }
        }
        Ok(Self {
            config,
            random,
            chains: Arc::default(),
        })
    }

    /// The same device with another configuration; with the same chains, if they depend on nothing
    /// that is another now.
    ///
    /// # Errors
    ///
    /// A sentence for the user if no chain can have the wished length.
    pub fn changed(&self, config: Config) -> Result<Self, String> {
        let has_same_chains = config.shape() == self.config.shape();
        let device = Self::new(config, self.random.clone())?;
        Ok(match has_same_chains {
            true => Self {
                chains: self.chains.clone(),
                ..device
            },
            false => device,
        })
    }

    /// The provisioned slots' chains for `asym`.
    pub fn chains(&self, asym: Asym) -> &BTreeMap<u8, Chain> {
        self.chains[asym as usize].get_or_init(|| {
            (0..8)
                .filter(|slot| self.config.slots & 1 << slot != 0)
                .map(|slot| {
                    let chain = make_chain(&self.config, asym, slot, &self.random)
                        .or_else(|| {
                            let mut config = self.config.clone();
                            config.chain.bytes = None;
                            make_chain(&config, asym, slot, &self.random)
                        })
                        .expect("a chain without a wished length can be made");
                    (slot, chain)
                })
                .collect()
        })
    }

    /// The root certificates of all algorithms, PEM.
    pub fn roots_pem(&self) -> String {
        let mut pem = String::new();
        for &asym in &self.config.asym {
            let root = make_root(&self.config, asym, &self.random).der;
            let encoded = pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, &root);
            pem.push_str(&encoded.expect("a certificate is not too long for PEM"));
        }
        pem
    }
}

impl Chain {
    /// The SPDM certificate chain for connections with BaseHash `hash`.
    ///
    /// DSP0274, "Certificate chain format": Length, reserved, RootHash, certificates.
    pub fn to_bytes(&self, hash: Hash) -> Vec<u8> {
        let mut root_hash = hash.digest(&[&self.root]);
        let mut certificates = self.certificates.concat();
        match self.defect {
            Some(Defect::RootHash) => root_hash[0] ^= 0x01,
            Some(Defect::CutCertificate) => certificates.truncate(certificates.len() - 4),
            Some(Defect::TrailingBytes) => certificates.extend([0x30, 0x02, 0x05, 0x00]),
            Some(Defect::HeaderOnly) => certificates.clear(),
            Some(Defect::NotDer) => certificates.fill(0xff),
            _ => (),
        }
        let len = 4 + root_hash.len() + certificates.len();
        let length = match self.defect {
            Some(Defect::LengthTooLarge) => len + 4,
            Some(Defect::LengthTooSmall) => len - 4,
            _ => len,
        };
        // The reserved half is the upper half of what SPDM 1.4 made a 32-bit length.
        let mut chain = (length as u32).to_le_bytes().to_vec();
        chain.extend_from_slice(&root_hash);
        chain.extend_from_slice(&certificates);
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use x509_cert::{
        der::{
            Decode,
            Encode, //
        },
        Certificate as Parsed,
    };

    fn device(change: impl FnOnce(&mut Config)) -> Device {
        let mut config = Config::default();
        change(&mut config);
        Device::new(config, Arc::new(Random::new(Some(1)))).unwrap()
    }

    #[test]
    fn chains_parse_and_each_certificate_names_its_issuer() {
        let device = device(|config| config.chain.certificates = 4);
        for asym in Asym::ALL {
            let chain = &device.chains(asym)[&0];
            assert_eq!(chain.certificates.len(), 4);
            let parsed: Vec<Parsed> = chain
                .certificates
                .iter()
                .map(|der| Parsed::from_der(der).unwrap())
                .collect();
            for pair in parsed.windows(2) {
                let (issuer, subject) = (&pair[0].tbs_certificate(), &pair[1].tbs_certificate());
                assert_eq!(issuer.subject(), subject.issuer());
            }
            let leaf = parsed[3].tbs_certificate();
            let info = leaf.subject_public_key_info().to_der().unwrap();
            assert_eq!(info, chain.key.public_key_info());
        }
    }

    #[test]
    fn padding_hits_the_wished_length_exactly() {
        for (asym, certificates, wished) in [
            (Asym::EcdsaP384, 1, 3000),
            (Asym::EcdsaP384, 2, 4592),
            (Asym::EcdsaP384, 3, 9001),
            (Asym::EcdsaP256, 30, 65535),
            (Asym::Rsassa3072, 30, 65535),
        ] {
            let device = device(|config| {
                config.asym = vec![asym];
                config.hash = vec![Hash::Sha256];
                config.chain.certificates = certificates;
                config.chain.bytes = Some(wished);
            });
            let chain = &device.chains(asym)[&0];
            assert_eq!(chain.to_bytes(Hash::Sha256).len(), wished);
        }
    }

    #[test]
    fn impossible_length_is_refused() {
        let mut config = Config::default();
        config.chain.bytes = Some(500);
        assert!(Device::new(config, Arc::new(Random::new(Some(1)))).is_err());
    }

    #[test]
    fn single_certificate_is_its_own_root() {
        let device = device(|config| config.chain.certificates = 1);
        let chain = &device.chains(Asym::EcdsaP256)[&0];
        assert_eq!(chain.certificates, std::slice::from_ref(&chain.root));
    }

    #[test]
    fn omitted_root_is_still_what_root_hash_names() {
        let device = device(|config| config.chain.omit_root = true);
        let chain = &device.chains(Asym::EcdsaP256)[&0];
        assert_eq!(chain.certificates.len(), 2);
        let bytes = chain.to_bytes(Hash::Sha256);
        assert_eq!(bytes[4..36], Hash::Sha256.digest(&[&chain.root]));
    }

    #[test]
    fn slots_with_gaps_have_chains_of_their_own() {
        let device = device(|config| config.slots = 0x25);
        let chains = device.chains(Asym::EcdsaP256);
        assert_eq!(chains.keys().collect::<Vec<_>>(), [&0, &2, &5]);
        assert_ne!(chains[&0].certificates[2], chains[&2].certificates[2]);
    }
}
