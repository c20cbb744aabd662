//! The tree and its proofs against `ct-merkle`, and against proofs that a liar would make.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use placet::audit::tree::{
    Tree, empty_root, leaf_hash, prove_consistency, prove_inclusion, root_of, verify_consistency,
    verify_inclusion,
};
use placet::primitives::Digest;
use proptest::prelude::*;
use sha2::Sha256;

fn leaf(n: u64) -> Vec<u8> {
    format!("leaf {n}").into_bytes()
}

fn hashes(size: u64) -> Vec<Digest> {
    (0..size).map(|n| leaf_hash(&leaf(n))).collect()
}

fn split(proof: &[u8]) -> Vec<Digest> {
    proof.chunks(32).map(|hash| Digest::from_bytes(hash.try_into().unwrap())).collect()
}

#[test]
fn roots_and_proofs_are_those_of_ct_merkle() {
    let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut tree = Tree::new();
    for size in 1..=70u64 {
        oracle.push(leaf(size - 1));
        tree.push(leaf_hash(&leaf(size - 1)));
        let all = hashes(size);
        assert_eq!(tree.root().as_bytes()[..], oracle.root().as_bytes()[..]);
        assert_eq!(tree.root(), root_of(&all));
        for index in 0..usize::try_from(size).unwrap() {
            let proof = prove_inclusion(&all, index).unwrap();
            assert_eq!(proof, split(oracle.prove_inclusion(index).as_bytes()), "{index} of {size}");
            assert!(verify_inclusion(index as u64, size, &all[index], &proof, &tree.root()));
        }
        for first in 1..size {
            let proof = prove_consistency(&all, usize::try_from(first).unwrap()).unwrap();
            let added = usize::try_from(size - first).unwrap();
            assert_eq!(proof, split(oracle.prove_consistency(added).as_bytes()), "{first} {size}");
            let old = root_of(&hashes(first));
            assert!(verify_consistency(first, size, &old, &tree.root(), &proof));
        }
    }
}

#[test]
fn the_edges() {
    let all = hashes(5);
    let root = root_of(&all);
    assert_eq!(prove_inclusion(&all, 5), None);
    assert_eq!(prove_consistency(&all, 6), None);
    assert!(verify_consistency(0, 5, &empty_root(), &root, &[]));
    assert!(!verify_consistency(0, 5, &root, &root, &[]));
    assert!(verify_consistency(5, 5, &root, &root, &[]));
    assert!(!verify_consistency(5, 5, &root, &root, &[root]));
    assert!(!verify_consistency(5, 4, &root, &root, &[]));
    assert!(!verify_consistency(4, 5, &root_of(&hashes(4)), &root, &[]));
    assert!(verify_inclusion(0, 1, &all[0], &[], &all[0]));
    assert!(!verify_inclusion(0, 0, &all[0], &[], &empty_root()));
    assert!(!verify_inclusion(u64::MAX, u64::MAX, &all[0], &[root; 65], &root));
    assert!(!verify_consistency(u64::MAX - 1, u64::MAX, &root, &root, &[root; 65]));
    assert!(!verify_inclusion(1, 2, &all[1], &[root; 66], &root));
}

#[test]
fn a_proof_for_one_leaf_fits_no_other_place() {
    for size in 1..=20u64 {
        let all = hashes(size);
        let root = root_of(&all);
        for (index, leaf) in all.iter().enumerate() {
            let proof = prove_inclusion(&all, index).unwrap();
            for other in 0..size + 2 {
                let fits = verify_inclusion(other, size, leaf, &proof, &root);
                assert_eq!(fits, other == index as u64, "{index} as {other} of {size}");
            }
            // Longer, shorter, turned round, a node passed off as a leaf.
            let mut longer = proof.clone();
            longer.push(root);
            assert!(!verify_inclusion(index as u64, size, leaf, &longer, &root));
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!verify_inclusion(index as u64, size, leaf, shorter, &root));
            }
            let turned: Vec<_> = proof.iter().rev().copied().collect();
            if turned != proof {
                assert!(!verify_inclusion(index as u64, size, leaf, &turned, &root));
            }
            if size > 1 {
                assert!(!verify_inclusion(0, 1, leaf, &[], &root));
            }
        }
    }
}

proptest! {
    #[test]
    fn a_changed_consistency_proof_fails(size in 2u64..60, first in 1u64..59, at: usize, bit in 0usize..256) {
        prop_assume!(first < size);
        let all = hashes(size);
        let (old, new) = (root_of(&hashes(first)), root_of(&all));
        let proof = prove_consistency(&all, usize::try_from(first).unwrap()).unwrap();
        let mut changed = proof.clone();
        let at = at % changed.len();
        let mut bytes = *changed[at].as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        changed[at] = Digest::from_bytes(bytes);
        prop_assert!(!verify_consistency(first, size, &old, &new, &changed));
        for other in (1..size).filter(|other| *other != first) {
            prop_assert!(!verify_consistency(other, size, &old, &new, &proof));
        }
    }

    #[test]
    fn no_numbers_panic(a: u64, b: u64, proof in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let proof: Vec<_> = proof.into_iter().map(Digest::from_bytes).collect();
        let hash = leaf_hash(b"x");
        prop_assert!(!verify_inclusion(a, b, &hash, &proof, &empty_root()));
        let _ = verify_consistency(a, b, &hash, &hash, &proof);
    }
}
