// When a block that was freed may be given out again: what a power cut could bring back must not meet a new owner.

#include "kernel/test.h"
#include "services/files/block_space.h"

namespace services::tests {

namespace {

// The disk's map in memory; nothing of it is written.
class Space {
public:
    Space()
    {
        const auto geometry = Geometry::of(4096);
        EXPECT(space.start(geometry).ok() && in_log.start(geometry.map_blocks * map_bits_per_block).ok());
    }
    // Whether anybody could get it; takes what is free until then.
    bool gives_out(uint64_t block)
    {
        for (auto taken = space.take(); taken.ok(); taken = space.take()) {
            if (taken.value() == block)
                return true;
        }
        return false;
    }

    MetadataCache cache;
    BlockSpace space{cache};
    // Blocks of which the log has an image.
    BlockSet in_log;
};

kernel::Test durable{"block_space.freed_block_waits_for_its_transaction", [] {
    Space test;
    const uint64_t block = test.space.take().value();
    test.space.release(block);
    EXPECT(!test.gives_out(block) && test.space.waiting());
    test.space.freeze();
    EXPECT(!test.gives_out(block));
    test.space.thaw();
    EXPECT(!test.gives_out(block));
    test.space.freeze();
    test.space.committed(test.in_log);
    EXPECT(test.gives_out(block));
}};

kernel::Test logged{"block_space.freed_block_with_an_image_in_the_log_waits_until_that_is_empty", [] {
    Space test;
    const uint64_t block = test.space.take().value();
    const uint64_t other = test.space.take().value();
    test.in_log.add(block);
    test.space.release(block);
    test.space.release(other);
    test.space.freeze();
    test.space.committed(test.in_log);
    EXPECT(test.space.take().value() == other);
    EXPECT(!test.gives_out(block) && test.space.waiting());
    // A later transaction changes nothing about that.
    test.space.freeze();
    test.space.committed(test.in_log);
    EXPECT(!test.gives_out(block));
    test.space.log_emptied();
    EXPECT(test.gives_out(block) && !test.space.waiting());
}};

}

}
