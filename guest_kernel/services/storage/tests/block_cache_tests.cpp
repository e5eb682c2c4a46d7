// Calls that wait for the disk are parked, and survive the swap of the object they were made on.

#include "kernel/clock.h"
#include "kernel/test.h"
#include "kernel/thread.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/lifetime.h"
#include "services/storage/hashed_block_cache.h"
#include "services/storage/listed_block_cache.h"

namespace services::tests {

namespace {

constexpr uint64_t words = abi::DISK_BLOCK_SIZE / sizeof(uint64_t);

uint64_t word_of(uint64_t block, uint64_t index) { return block * 0x1'0001 + index; }

// A thread with an outermost loop that reads blocks, each one call, parked as often as it takes.
struct Reader {
    explicit Reader(objects::Ref<BlockCache> target, uint64_t first_block) : cache(target), first(first_block) {}

    static constexpr uint64_t blocks = 4;

    objects::Ref<BlockCache> cache;
    uint64_t first;
    uint64_t parked = 0;
    uint64_t wrong = 0;
    kernel::Event waiting;
    kernel::Event ended;

    void start()
    {
        const kernel::ThreadOptions options{.name = "reader"};
        EXPECT(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this)).ok());
    }

private:
    static void entry(uint64_t argument)
    {
        kernel::OuterLoop loop;
        auto& reader = *reinterpret_cast<Reader*>(argument);
        auto& ticket = kernel::current_thread()->ticket();
        auto* buffer = static_cast<uint64_t*>(kernel::allocate(abi::DISK_BLOCK_SIZE, kernel::Tag::Test));
        for (uint64_t block = reader.first; block < reader.first + blocks; ++block) {
            auto status = reader.cache->read(block, buffer, &ticket);
            while (status.is_parked()) {
                ++reader.parked;
                reader.waiting.signal();
                loop.wait(ticket);
                status = reader.cache->read(block, buffer, &ticket);
            }
            reader.wrong += !status.ok() || buffer[0] != word_of(block, 0) || buffer[words - 1] != word_of(block, words - 1);
        }
        kernel::deallocate(buffer);
        reader.ended.signal();
    }
};

void write_blocks(uint64_t count)
{
    auto* buffer = static_cast<uint64_t*>(kernel::allocate(abi::DISK_BLOCK_SIZE, kernel::Tag::Test));
    for (uint64_t block = 0; block < count; ++block) {
        for (uint64_t i = 0; i < words; ++i)
            buffer[i] = word_of(block, i);
        EXPECT(devices::transfer_and_wait(abi::DiskOperation::WRITE, block, 1, buffer).ok());
    }
    kernel::deallocate(buffer);
}

template <typename RootType>
kernel::Status swap_to(objects::Reference reference)
{
    kernel::Owned<objects::Root> root;
    {
        objects::CountedScope scope;
        root = kernel::Owned<objects::Root>(kernel::make<RootType>(kernel::Tag::Object));
    }
    auto* swap = TRY(objects::HotSwap::start(reference, static_cast<kernel::Owned<objects::Root>&&>(root)));
    const auto outcome = swap->wait();
    swap->release();
    return outcome;
}

objects::Ref<BlockCache> make_cache()
{
    objects::CountedScope scope;
    return objects::create<ListedBlockCacheRoot>().value();
}

void destroy_cache(objects::Ref<BlockCache> cache)
{
    {
        objects::CountedScope scope;
        EXPECT(objects::destroy(cache.reference()).ok());
    }
    objects::drain_dead_objects();
}

kernel::Test parked_calls{"block_cache.parked_calls_survive_a_swap", [] {
    write_blocks(8);
    auto cache = make_cache();
    Reader first(cache, 0);
    Reader second(cache, 4);
    first.start();
    second.start();
    // Both wait for the disk, outside the object: the swap does not wait for them.
    first.waiting.wait();
    second.waiting.wait();
    EXPECT(swap_to<HashedBlockCacheRoot>(cache.reference()).ok());
    EXPECT(swap_to<ListedBlockCacheRoot>(cache.reference()).ok());
    first.ended.wait();
    second.ended.wait();
    EXPECT(first.parked >= Reader::blocks && second.parked >= Reader::blocks);
    EXPECT(first.wrong == 0 && second.wrong == 0);
    {
        objects::CountedScope scope;
        EXPECT(cache->blocks_cached().value() == 8);
        EXPECT(cache->shrink().value() == 8);
    }
    destroy_cache(cache);
}};

kernel::Test shared_wait{"block_cache.two_readers_of_a_block_share_one_transfer", [] {
    write_blocks(4);
    auto cache = make_cache();
    Reader first(cache, 0);
    Reader second(cache, 0);
    first.start();
    second.start();
    first.ended.wait();
    second.ended.wait();
    EXPECT(first.wrong == 0 && second.wrong == 0);
    {
        objects::CountedScope scope;
        EXPECT(cache->blocks_cached().value() == 4);
        // What is cached is not parked for.
        uint64_t block[words];
        EXPECT(cache->read(0, block, &kernel::current_thread()->ticket()).ok());
        EXPECT(cache->read(devices::disk().blocks(), block, &kernel::current_thread()->ticket()).code() == kernel::Code::INVALID);
    }
    destroy_cache(cache);
}};

}

}
