// The disk answers while the cache that asked is on its way to another implementation.

#include "arch/ppc64/hypercall.h"
#include "kernel/interrupt.h"
#include "kernel/page_source.h"
#include "kernel/test_thread.h"
#include "objects/names.h"
#include "objects/tests/elder.h"
#include "objects/tests/steps.h"
#include "services/storage/hashed_block_cache.h"
#include "services/storage/listed_block_cache.h"

namespace services::tests {

namespace {

using namespace objects::tests;
using objects::Phase;

// For a host that watches where the interrupts fall.
void mark(abi::DiskMark place) { arch::mark(static_cast<uint64_t>(place)); }

constexpr uint64_t words = abi::DISK_BLOCK_SIZE / sizeof(uint64_t);

uint64_t word_of(uint64_t block, uint64_t index) { return block * 0x10'0001 + index + 1; }

void write_block(uint64_t block)
{
    auto* buffer = static_cast<uint64_t*>(kernel::allocate(abi::DISK_BLOCK_SIZE, kernel::Tag::Test));
    for (uint64_t i = 0; i < words; ++i)
        buffer[i] = word_of(block, i);
    EXPECT(devices::transfer_and_wait(abi::DiskOperation::WRITE, block, 1, buffer).ok());
    kernel::deallocate(buffer);
}

// A thread that reads one block. Its first call is kept inside the cache, where it wants pages for the block, until
// they come.
class Reader {
public:
    Reader(objects::Ref<BlockCache> cache, const objects::HotSwap& swap, uint64_t block)
        : m_cache(cache), m_swap(swap), m_block(block)
    {
    }
    void start(int cpu)
    {
        const kernel::ThreadOptions options{.name = "reader", .cpu = cpu};
        EXPECT(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this)).ok());
        inside.wait();
    }
    // By whoever gives out pages.
    void wait_for_pages()
    {
        if (__atomic_load_n(&m_in_its_first_call, __ATOMIC_ACQUIRE) != kernel::current_thread())
            return;
        inside.signal();
        pages_come.wait();
    }
    bool right() const { return m_status.ok() && m_wrong == 0; }

    kernel::Event inside;
    kernel::Event pages_come;
    kernel::Event parked;
    kernel::Event woken;
    kernel::Event ended;
    // How often a call of it was parked, the ticket of that, and the swap's phase when the ticket was ready.
    uint64_t times_parked = 0;
    uint64_t ticket = 0;
    Phase woken_in = Phase::Forward;

private:
    static void entry(uint64_t argument)
    {
        kernel::OuterLoop loop;
        auto& self = *reinterpret_cast<Reader*>(argument);
        auto& ticket = kernel::current_thread()->ticket();
        auto* buffer = static_cast<uint64_t*>(kernel::allocate(abi::DISK_BLOCK_SIZE, kernel::Tag::Test));
        __atomic_store_n(&self.m_in_its_first_call, kernel::current_thread(), __ATOMIC_RELEASE);
        self.m_status = self.m_cache->read(self.m_block, buffer, &ticket);
        while (self.m_status.is_parked()) {
            ++self.times_parked;
            self.ticket = ticket.id();
            self.parked.signal();
            loop.wait(ticket);
            self.woken_in = self.m_swap.phase();
            self.woken.signal();
            self.m_status = self.m_cache->read(self.m_block, buffer, &ticket);
        }
        for (uint64_t i = 0; i < words; ++i)
            self.m_wrong += buffer[i] != word_of(self.m_block, i);
        kernel::deallocate(buffer);
        self.ended.signal();
    }

    objects::Ref<BlockCache> m_cache;
    const objects::HotSwap& m_swap;
    uint64_t m_block;
    const kernel::Thread* m_in_its_first_call = nullptr;
    kernel::Status m_status;
    uint64_t m_wrong = 0;
};

// Pages that readers wait for.
class LatePages final : public kernel::PageSource {
public:
    LatePages(Reader& first, Reader& second) : m_first(first), m_second(second) {}

    kernel::Result<void*> allocate_pages(size_t pages) override
    {
        m_first.wait_for_pages();
        m_second.wait_for_pages();
        return kernel::frame_pool().allocate_pages(pages);
    }
    void free_pages(void* first, size_t pages) override { kernel::frame_pool().free_pages(first, pages); }

private:
    Reader& m_first;
    Reader& m_second;
};

template <typename RootType>
objects::HotSwap* start_swap_to(objects::Reference reference)
{
    kernel::Owned<objects::Root> replacement;
    {
        objects::CountedScope allocates;
        replacement = kernel::Owned<objects::Root>(kernel::make<RootType>(kernel::Tag::Object));
    }
    return start_swap(reference, static_cast<kernel::Owned<objects::Root>&&>(replacement));
}

uint64_t blocks_cached(objects::Ref<BlockCache> cache)
{
    objects::CountedScope scope;
    return cache->blocks_cached().value();
}

// The machine's own cache, empty and used, as the class that locks by the bucket: one call waits inside, others pass.
objects::Ref<BlockCache> hashed_cache()
{
    objects::Ref<BlockCache> cache(objects::find_name("block-cache"));
    end_swap(start_swap_to<HashedBlockCacheRoot>(cache.reference()));
    {
        objects::CountedScope scope;
        EXPECT(cache->shrink().ok());
    }
    EXPECT(blocks_cached(cache) == 0);
    return cache;
}

// Lets `early` go to the disk, and the disk answer, with another call inside.
void answer_in_block(Reader& early, const objects::HotSwap& swap)
{
    kernel::mask_interrupt(abi::Line::DISK);
    early.pages_come.signal();
    early.parked.wait();
    EXPECT(swap.phase() == Phase::Block && !early.woken.signalled());
    mark(abi::DiskMark::MAY_ANSWER_IN_BLOCK);
    kernel::unmask_interrupt(abi::Line::DISK);
    early.woken.wait();
    mark(abi::DiskMark::HAS_ANSWERED_IN_BLOCK);
    EXPECT(early.woken_in == Phase::Block && swap.phase() == Phase::Block);
}

void look_at_the_end(Reader& reader, objects::Ref<BlockCache> cache)
{
    reader.ended.wait();
    EXPECT(reader.right() && reader.times_parked == 1);
    // Its ticket was completed once: nothing waits under that number any more.
    EXPECT(kernel::complete(reader.ticket, 0).code() == kernel::Code::NOT_FOUND);
    EXPECT(blocks_cached(cache) == 2);
}

// Two calls are inside when the swap blocks. One goes on to the disk, is parked and so leaves; the other keeps the
// object in block until the disk has answered the first, then leaves parked itself, to be answered after the swap.
kernel::Test in_block{"block_cache.disk_answers_while_the_cache_is_in_block", [] {
    constexpr uint64_t early_block = 1;
    constexpr uint64_t late_block = 2;
    stay_on_first_cpu();
    write_block(early_block);
    write_block(late_block);
    auto cache = hashed_cache();
    Elder elder;
    objects::HotSwap* swap = start_swap_to<ListedBlockCacheRoot>(cache.reference());
    elder.passed_by();
    Reader early(cache, *swap, early_block);
    Reader late(cache, *swap, late_block);
    LatePages pages(early, late);
    {
        kernel::OtherPageSource late_ones(pages);
        early.start(0);
        late.start(kernel::last_cpu());
        elder.leave();
        kernel::wait_until([swap] { return swap->phase() == Phase::Block; });
        answer_in_block(early, *swap);
        // Told that the block is there it asks again: that is a new call, which waits for the new object.
        kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
        EXPECT(!early.ended.signalled() && swap->phase() == Phase::Block);
        kernel::mask_interrupt(abi::Line::DISK);
        late.pages_come.signal();
        EXPECT(swap->wait().ok() && swap->counts().blocked == 1);
    }
    // Right after the swap, and with no help of the disk, which owes the second block.
    look_at_the_end(early, cache);
    EXPECT(!late.woken.signalled());
    mark(abi::DiskMark::MAY_ANSWER_AFTER_THE_SWAP);
    kernel::unmask_interrupt(abi::Line::DISK);
    look_at_the_end(late, cache);
    EXPECT(late.woken_in == Phase::Completed);
    swap->release();
    objects::CountedScope scope;
    EXPECT(cache->class_of().value() == &ListedBlockCache::descriptor);
    EXPECT(cache->shrink().value() == 2);
}};

}

}
