//! The RFC 6962 Merkle tree: a running root in O(log n), proofs, and their verification (RFC 9162).

use sha2::{Digest as _, Sha256};

use crate::primitives::Digest;

/// Hashes of a proof: a tree of 2^64 leaves needs at most 64 for inclusion, 65 for consistency.
pub const MAX_PROOF_HASHES: usize = 65;

/// The hash of one leaf: SHA-256(0x00 ‖ leaf).
///
/// # Examples
/// ```
/// # use placet::audit::tree::leaf_hash;
/// assert!(leaf_hash(b"").to_string().starts_with("sha256:6e340b9cffb37a98"));
/// ```
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    let hasher = Sha256::new().chain_update([0x00]).chain_update(leaf);
    Digest::from_bytes(hasher.finalize().into())
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hasher = Sha256::new().chain_update([0x01]);
    let hasher = hasher.chain_update(left.as_bytes()).chain_update(right.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}

/// The root of the tree without leaves: SHA-256 of nothing. Also the `prev` of leaf 0.
#[must_use]
pub fn empty_root() -> Digest {
    Digest::from_bytes(Sha256::digest([]).into())
}

/// A growing tree of which only the roots of its full subtrees are kept (at most 64 hashes).
///
/// # Examples
/// ```
/// # use placet::audit::tree::{Tree, leaf_hash, node_hash};
/// let mut tree = Tree::new();
/// let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
/// tree.push(a);
/// tree.push(b);
/// assert_eq!((tree.size(), tree.root()), (2, node_hash(&a, &b)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// INVARIANT: one root for each set bit of `size`, the largest subtree first.
    peaks: Vec<Digest>,
}

impl Tree {
    /// The tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of the next leaf. Amortised cost: one inner node.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        let mut bits = self.size;
        while bits & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
            bits >>= 1;
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => empty_root(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// The root over these leaf hashes.
#[must_use]
pub fn root_of(leaves: &[Digest]) -> Digest {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// The inclusion proof of leaf `index` in the tree over `leaves`; `None` if there is no such leaf.
///
/// Cost: one hash a leaf.
#[must_use]
pub fn prove_inclusion(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    leaves.get(index)?;
    let (mut leaves, mut index) = (leaves, index);
    let mut proof = Vec::new();
    // RFC 9162 2.1.3.1, from the root down; the verifier wants it from the leaf up.
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(largest_power_below(leaves.len()));
        if index < left.len() {
            proof.push(root_of(right));
            leaves = left;
        } else {
            proof.push(root_of(left));
            index -= left.len();
            leaves = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// The proof that the tree over the first `first` leaves is a prefix of the tree over all of
/// `leaves`; `None` if there are fewer. Empty for `first` 0 and for all of them.
///
/// Cost: one hash a leaf.
#[must_use]
pub fn prove_consistency(leaves: &[Digest], first: usize) -> Option<Vec<Digest>> {
    if first > leaves.len() {
        return None;
    }
    if first == 0 || first == leaves.len() {
        return Some(Vec::new());
    }
    // RFC 9162 2.1.4.1: SUBPROOF(m, D_n, whole); `whole` says that the left side is all of D_m.
    let (mut leaves, mut first, mut whole) = (leaves, first, true);
    let mut proof = Vec::new();
    while first != leaves.len() {
        let (left, right) = leaves.split_at(largest_power_below(leaves.len()));
        if first <= left.len() {
            proof.push(root_of(right));
            leaves = left;
        } else {
            proof.push(root_of(left));
            first -= left.len();
            leaves = right;
            whole = false;
        }
    }
    if !whole {
        proof.push(root_of(leaves));
    }
    proof.reverse();
    Some(proof)
}

/// The largest power of two below `n`, for `n` of 2 or more.
const fn largest_power_below(n: usize) -> usize {
    match n.saturating_sub(1).checked_ilog2() {
        None => 0,
        Some(log) => 1 << log,
    }
}

/// Whether `proof` shows that the leaf with this hash stands at `index` in the tree of `size`
/// leaves and this root (RFC 9162 2.1.3.2). Total: any numbers and any proof give an answer.
#[must_use]
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Digest,
    proof: &[Digest],
    root: &Digest,
) -> bool {
    let Some(last) = size.checked_sub(1) else { return false };
    if index > last || proof.len() > MAX_PROOF_HASHES {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, last, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `first` leaves and root `first_root` is a prefix of the
/// tree of `second` leaves and root `second_root` (RFC 9162 2.1.4.2). Total.
///
/// The empty tree is a prefix of every tree, and a tree of itself; both take an empty proof.
#[must_use]
pub fn verify_consistency(
    first: u64,
    second: u64,
    first_root: &Digest,
    second_root: &Digest,
    proof: &[Digest],
) -> bool {
    if first > second || proof.len() > MAX_PROOF_HASHES {
        return false;
    }
    if first == second {
        return proof.is_empty() && first_root == second_root;
    }
    if first == 0 {
        return proof.is_empty() && *first_root == empty_root();
    }
    let mut hashes = proof.iter();
    // A power of two is a full subtree: its root is the first hash, and is left out of the proof.
    let start = if first.is_power_of_two() { Some(first_root) } else { hashes.next() };
    let (Some(start), false) = (start, proof.is_empty()) else { return false };
    let (mut node, mut last) = (first - 1, second - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*start, *start);
    for sibling in hashes {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_root && new == *second_root
}
