// The heap under a thread that stands in the middle of giving blocks back.

#include "kernel/heap.h"
#include "kernel/test.h"
#include "objects/tests/steps.h"
#include "objects/tests/subject.h"

namespace objects::tests {

namespace {

constexpr size_t block_size = 200;
constexpr unsigned blocks_each = 40;
// More than a CPU keeps in its cache: what is freed after these goes back to the slabs.
constexpr unsigned blocks_that_fill_the_cache = 16;

// Neighbours in the same slabs, every other one.
struct Share {
    void* blocks[blocks_each] = {};

    void give_back(unsigned first, unsigned end)
    {
        for (unsigned i = first; i < end; ++i)
            kernel::deallocate(blocks[i]);
    }
};

kernel::Test slabs{"interleaving.heap_user_held_as_it_gives_blocks_back", [] {
    stay_on_first_cpu();
    CountedScope allocates;
    kernel::drain_heap();
    const uint64_t pages = kernel::heap_pages();
    kernel::Owned<Share> mine(kernel::make<Share>(kernel::Tag::Test));
    kernel::Owned<Share> its(kernel::make<Share>(kernel::Tag::Test));
    EXPECT(mine && its);
    for (unsigned i = 0; i < blocks_each; ++i) {
        mine->blocks[i] = kernel::allocate(block_size, kernel::Tag::Test);
        its->blocks[i] = kernel::allocate(block_size, kernel::Tag::Test);
    }
    Subject subject([](void* context) {
        auto& share = *static_cast<Share*>(context);
        share.give_back(0, blocks_that_fill_the_cache);
        Subject::mark_hold_point();
        share.give_back(blocks_that_fill_the_cache, blocks_each);
    }, its.get());
    subject.wait_until_held();
    mine->give_back(0, blocks_each);
    subject.let_go();
    mine = {};
    its = {};
    kernel::drain_dead_threads();
    kernel::drain_heap();
    EXPECT(kernel::heap_pages() == pages);
}};

}

}
