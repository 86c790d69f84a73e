# A ladder: the price levels of one side, in a trie of seven nodes a price, six bits each.
#
# Every operation visits a bounded count of nodes, however many levels there are and wherever
# they lie. Leaves that were used lately are found at once, through a table that all books share.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from .memory cimport prefetch
from .pool cimport pool_give, pool_take
from .venue cimport LEAVES, NODE_DEPTH, Ladder, LeafEntry, Node, Venue, all_bits, node_at

cdef extern from *:
    """
    #define xq_lowest(bits) __builtin_ctzll(bits)
    #define xq_highest(bits) (63 - __builtin_clzll(bits))
    """
    int xq_lowest(uint64_t bits) noexcept nogil
    int xq_highest(uint64_t bits) noexcept nogil


cdef inline uint32_t node_take(Venue* v) noexcept nogil:
    cdef uint32_t slot = pool_take(&v.nodes)
    node_at(v, slot).bits = 0
    return slot


cdef inline int digit(int64_t price, int height) noexcept nogil:
    return <int>((price >> (6 * height)) & 63)


cdef inline void ladder_init(Ladder* ladder, uint32_t book, int side) noexcept nogil:
    # Above the bits of a prefix, and not 0, which is the key of an empty entry.
    ladder.key = (<uint64_t>book * 4 + <uint64_t>side + 1) << 40
    ladder.root = 0


cdef inline uint64_t leaf_key(const Ladder* ladder, int64_t price) noexcept nogil:
    return ladder.key | <uint64_t>(price >> 6)


cdef inline LeafEntry* leaf_entry(Venue* v, uint64_t key) noexcept nogil:
    """Return the one entry that may know a leaf; neighbours and the two sides stay apart."""
    return &v.leaves[(key * 2 + (key >> 40) * 0x551) & (LEAVES - 1)]


cdef inline uint32_t ladder_leaf(Venue* v, Ladder* ladder, int64_t price) noexcept nogil:
    """Return the leaf that holds or would hold a price, or 0 when there is none."""
    cdef uint64_t key = leaf_key(ladder, price)
    cdef LeafEntry* entry = leaf_entry(v, key)
    cdef uint32_t slot
    cdef Node* node
    cdef int height
    if entry.key == key:
        return entry.leaf
    slot = ladder.root
    for height in range(NODE_DEPTH - 1, 0, -1):
        if not slot:
            return 0
        node = node_at(v, slot)
        v.visited += 1
        if not (node.bits >> digit(price, height)) & 1:
            return 0
        slot = node.child[digit(price, height)]
    if slot:
        entry.key = key
        entry.leaf = slot
    return slot


cdef inline uint32_t ladder_guess(
    Venue* v, uint32_t book, uint32_t side, int64_t price
) noexcept nogil:
    """Return the level at a price when its leaf was used lately, else 0; any price will do."""
    cdef const Ladder* ladder = &v.books[book if book < v.books_len else 0].ladder[side & 1]
    cdef uint64_t key = leaf_key(ladder, price)
    cdef const LeafEntry* entry = leaf_entry(v, key)
    cdef const Node* node = node_at(v, entry.leaf & all_bits(entry.key == key))
    return node.child[price & 63] & all_bits((node.bits >> (price & 63)) & 1)


cdef inline void leaf_ask(Venue* v, const Ladder* ladder, int64_t price) noexcept nogil:
    """Ask memory for what names the leaf of a price."""
    prefetch(leaf_entry(v, leaf_key(ladder, price)))


cdef inline void ladder_ask(Venue* v, const Ladder* ladder, int64_t price) noexcept nogil:
    """Ask memory for the leaf of a price, when it was used lately."""
    cdef const Node* node = node_at(v, leaf_entry(v, leaf_key(ladder, price)).leaf)
    prefetch(&node.bits)
    prefetch(&node.child[price & 63])


cdef inline uint32_t ladder_find(Venue* v, Ladder* ladder, int64_t price) noexcept nogil:
    """Return the level at a price, or 0."""
    cdef uint32_t leaf = ladder_leaf(v, ladder, price)
    cdef Node* node
    if not leaf:
        return 0
    node = node_at(v, leaf)
    v.visited += 1
    return node.child[price & 63] if (node.bits >> (price & 63)) & 1 else 0


cdef inline void ladder_add(
    Venue* v, Ladder* ladder, int64_t price, uint32_t level
) noexcept nogil:
    """Add a level at a price that has none; room for seven nodes was promised."""
    cdef uint32_t leaf = ladder_leaf(v, ladder, price)
    cdef LeafEntry* entry
    cdef Node* node
    cdef uint32_t slot
    cdef int height
    if not leaf:
        if not ladder.root:
            ladder.root = node_take(v)
        slot = ladder.root
        for height in range(NODE_DEPTH - 1, 0, -1):
            node = node_at(v, slot)
            v.visited += 1
            if not (node.bits >> digit(price, height)) & 1:
                node.bits |= (<uint64_t>1) << digit(price, height)
                node.child[digit(price, height)] = node_take(v)
            slot = node.child[digit(price, height)]
        leaf = slot
        entry = leaf_entry(v, leaf_key(ladder, price))
        entry.key = leaf_key(ladder, price)
        entry.leaf = leaf
    node = node_at(v, leaf)
    v.visited += 1
    node.bits |= (<uint64_t>1) << (price & 63)
    node.child[price & 63] = level


cdef inline void ladder_remove(Venue* v, Ladder* ladder, int64_t price) noexcept nogil:
    """Remove the level at a price, and every node that this leaves empty."""
    cdef uint32_t leaf = ladder_leaf(v, ladder, price)
    cdef Node* node = node_at(v, leaf)
    cdef uint32_t path[7]
    cdef int height
    v.visited += 1
    node.bits &= ~((<uint64_t>1) << (price & 63))
    if node.bits:
        return
    path[NODE_DEPTH - 1] = ladder.root
    for height in range(NODE_DEPTH - 1, 0, -1):
        path[height - 1] = node_at(v, path[height]).child[digit(price, height)]
        v.visited += 1
    leaf_entry(v, leaf_key(ladder, price)).key = 0
    for height in range(NODE_DEPTH):
        node = node_at(v, path[height])
        if height:
            node.bits &= ~((<uint64_t>1) << digit(price, height))
        if node.bits:
            return
        if path[height] != ladder.root:
            pool_give(&v.nodes, path[height])


cdef inline uint32_t ladder_next(
    Venue* v, Ladder* ladder, int64_t price, bint upwards
) noexcept nogil:
    """Return the nearest level strictly above (or below) a price that has one, or 0."""
    cdef uint32_t path[7]
    cdef uint64_t bits
    cdef int height
    cdef int at
    cdef Node* node
    # Most neighbours share the leaf.
    path[0] = ladder_leaf(v, ladder, price)
    if path[0]:
        node = node_at(v, path[0])
        v.visited += 1
        bits = beyond(node.bits, <int>(price & 63), upwards)
        if bits:
            return node.child[xq_lowest(bits) if upwards else xq_highest(bits)]
    path[NODE_DEPTH - 1] = ladder.root
    for height in range(NODE_DEPTH - 1, 1, -1):
        path[height - 1] = node_at(v, path[height]).child[digit(price, height)]
        v.visited += 1
    for height in range(1, NODE_DEPTH):
        node = node_at(v, path[height])
        v.visited += 1
        bits = beyond(node.bits, digit(price, height), upwards)
        if bits:
            return ladder_edge(
                v, node.child[xq_lowest(bits) if upwards else xq_highest(bits)],
                height - 1, upwards
            )
    return 0


cdef inline uint64_t beyond(uint64_t bits, int at, bint upwards) noexcept nogil:
    """Keep the bits strictly above (or below) a position."""
    if upwards:
        return bits & ((~<uint64_t>0 << at) << 1)
    return bits & (((<uint64_t>1) << at) - 1)


cdef inline uint32_t ladder_edge(
    Venue* v, uint32_t slot, int height, bint lowest
) noexcept nogil:
    """Return the lowest (or highest) level below a node."""
    cdef Node* node
    while True:
        node = node_at(v, slot)
        v.visited += 1
        slot = node.child[xq_lowest(node.bits) if lowest else xq_highest(node.bits)]
        if not height:
            return slot
        height -= 1
