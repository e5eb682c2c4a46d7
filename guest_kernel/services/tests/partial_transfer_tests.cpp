// A transfer that fails on one CPU, others having done their part, changes nothing of the old object.

#include "arch/ppc64/percpu.h"
#include "kernel/test_thread.h"
#include "objects/tests/failing_import.h"
#include "objects/tests/picture.h"
#include "objects/tests/steps.h"
#include "services/counter/partitioned_counter.h"
#include "services/counter/shared_counter.h"
#include "services/memory/page_allocator_kern_pinned.h"
#include "services/storage/hashed_block_cache.h"
#include "services/storage/listed_block_cache.h"

namespace services::tests {

namespace {

using namespace objects::tests;
using objects::Reference;
using objects::Root;

// An object's own memory, and what it has and would hand over.

void take(Picture& picture, const SharedCounterRoot& root)
{
    picture.take(root);
}

void take(Picture& picture, const PartitionedCounterRoot& root)
{
    picture.take(root);
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        picture.take(static_cast<const PartitionedCounter&>(*root.rep(cpu)));
}

template <typename RepType>
void take(Picture& picture, const BlockCacheRootOf<RepType>& root)
{
    picture.take(root);
    static_cast<const RepType*>(root.rep(0))->for_each([&picture](const CachedBlock& block) {
        picture.take(block);
        picture.take(block.data(), abi::DISK_BLOCK_SIZE);
    });
}

// With the page of its descriptors and the one at the head of its only growth, which has the descriptor of the rest.
void take(Picture& picture, const PageAllocatorKernPinnedRoot& root)
{
    picture.take(root);
    const auto& state = static_cast<const PageAllocatorKernPinned*>(root.rep(0))->state();
    const uint64_t pages = state.free.pages() + state.used.pages() + 2;
    picture.take(reinterpret_cast<void*>(state.descriptors_end - abi::PAGE_SIZE), abi::PAGE_SIZE);
    picture.take(reinterpret_cast<void*>(state.descriptors_end - pages * abi::PAGE_SIZE), abi::PAGE_SIZE);
}

// One attempt: what goes wrong ends it.
kernel::Status swap_once(Reference reference, Root* replacement)
{
    if (replacement == nullptr)
        return kernel::Code::NO_MEMORY;
    objects::SwapOptions options;
    options.attempts = 1;
    auto* swap = TRY(objects::HotSwap::start(reference, kernel::Owned<Root>(replacement), options));
    const auto outcome = swap->wait();
    swap->release();
    return outcome;
}

uint64_t bytes_of_swaps()
{
    return kernel::usage(kernel::Tag::Object).bytes + kernel::usage(kernel::Tag::Interposer).bytes
        + kernel::usage(kernel::Tag::Transfer).bytes;
}

// Where the old class places what it exports.
enum class Exports : uint8_t { OnFirstCpu, OnEveryCpu };

// The swap of one object from class Old to class New, failed in every way on each CPU before it succeeds.
// `unharmed` calls the object and says whether it answers as before.
template <typename Old, typename New, typename Unharmed>
class FailingSwap {
public:
    FailingSwap(Reference reference, Exports exports, Unharmed unharmed)
        : m_reference(reference), m_exports(exports), m_unharmed(unharmed)
    {
    }

    // Requested from that CPU; succeeds in the end. Not once the test has failed: the object may be of another class.
    void request_on(unsigned cpu)
    {
        if (kernel::test_failed())
            return;
        EXPECT(kernel::current_thread()->move_to(cpu).ok());
        fail_import(cpu);
        unsigned refused = 0;
        unsigned not_placed = 0;
        kernel::Status outcome = kernel::Code::CANCELLED;
        for (uint64_t n = 1; !outcome.ok(); ++n) {
            if (kernel::test_failed())
                return;
            outcome = fail_allocation(n, cpu);
            refused += outcome.code() == kernel::Code::NO_MEMORY;
            not_placed += outcome.code() == kernel::Code::TOO_LARGE;
        }
        EXPECT(refused > 0);
        EXPECT(not_placed == (cpu == 0 || m_exports == Exports::OnEveryCpu ? 1 : 0));
        EXPECT(m_unharmed());
    }

private:
    void fail_import(unsigned cpu)
    {
        const uint64_t bytes = bytes_of_swaps();
        Picture before;
        take_picture(before);
        unsigned imports = 0;
        Root* failing = kernel::make<FailingImport<New>>(kernel::Tag::Object, cpu, &imports);
        EXPECT(swap_once(m_reference, failing).code() == kernel::Code::NO_MEMORY);
        EXPECT(imports == arch::cpu_count());
        EXPECT(before.still_true() && m_unharmed() && bytes_of_swaps() == bytes);
    }

    // Success when nothing failed, there being less than n allocations.
    kernel::Status fail_allocation(uint64_t n, unsigned cpu)
    {
        const uint64_t bytes = bytes_of_swaps();
        Picture before;
        take_picture(before);
        kernel::Status outcome;
        {
            kernel::FailAllocation fail(n, kernel::FailAllocation::Who::Everyone, static_cast<int>(cpu));
            outcome = swap_once(m_reference, kernel::make<New>(kernel::Tag::Object));
            EXPECT(fail.happened() == !outcome.ok());
        }
        if (!outcome.ok())
            EXPECT(before.still_true() && m_unharmed() && bytes_of_swaps() == bytes);
        return outcome;
    }

    void take_picture(Picture& picture)
    {
        objects::CountedScope scope;
        take(picture, static_cast<const Old&>(*objects::table().root(m_reference)));
    }

    Reference m_reference;
    Exports m_exports;
    Unharmed m_unharmed;
};

template <typename Old, typename New, typename Unharmed>
void swap_with_failures(unsigned cpu, Reference reference, Exports exports, Unharmed unharmed)
{
    FailingSwap<Old, New, Unharmed>(reference, exports, unharmed).request_on(cpu);
}

// Called on every CPU, so that each has a share: CPU n counts to n + 1.
int64_t count_on_every_cpu(objects::Ref<Counter> counter)
{
    int64_t sum = 0;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        EXPECT(kernel::current_thread()->move_to(cpu).ok());
        objects::CountedScope scope;
        for (unsigned i = 0; i <= cpu; ++i, ++sum)
            EXPECT(counter->increment().ok());
    }
    return sum;
}

kernel::Test counter_test{"partial_transfer.of_a_counter_changes_nothing", [] {
    objects::Ref<Counter> counter;
    {
        objects::CountedScope scope;
        counter = objects::create<PartitionedCounterRoot>().value();
    }
    int64_t sum = 0;
    const auto unharmed = [counter, &sum] {
        objects::CountedScope scope;
        return counter->value().value() == sum;
    };
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        sum += count_on_every_cpu(counter);
        swap_with_failures<PartitionedCounterRoot, SharedCounterRoot>(
            cpu, counter.reference(), Exports::OnEveryCpu, unharmed);
        swap_with_failures<SharedCounterRoot, PartitionedCounterRoot>(
            cpu, counter.reference(), Exports::OnFirstCpu, unharmed);
    }
    destroy_and_drain(counter.reference());
}};

// Reads one block, waiting for the disk where it must.
kernel::Status read_block(objects::Ref<BlockCache> cache, uint64_t block, void* to)
{
    kernel::OuterLoop loop;
    auto& ticket = kernel::current_thread()->ticket();
    auto status = cache->read(block, to, &ticket);
    while (status.is_parked()) {
        loop.wait(ticket);
        status = cache->read(block, to, &ticket);
    }
    return status;
}

kernel::Test block_cache_test{"partial_transfer.of_a_block_cache_changes_nothing", [] {
    constexpr uint64_t blocks = 3;
    objects::Ref<BlockCache> cache;
    void* buffer = nullptr;
    {
        objects::CountedScope scope;
        cache = objects::create<ListedBlockCacheRoot>().value();
        buffer = kernel::allocate(abi::DISK_BLOCK_SIZE, kernel::Tag::Test);
    }
    kernel::TestThread reader({.name = "reader"}, [cache, buffer] {
        for (uint64_t block = 0; block < blocks; ++block)
            EXPECT(read_block(cache, block, buffer).ok());
    });
    reader.join();
    const auto unharmed = [cache, buffer] {
        objects::CountedScope scope;
        // From memory: a call that waited for the disk would be parked.
        for (uint64_t block = 0; block < blocks; ++block) {
            if (!cache->read(block, buffer, &kernel::current_thread()->ticket()).ok())
                return false;
        }
        return cache->blocks_cached().value() == blocks;
    };
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        swap_with_failures<ListedBlockCacheRoot, HashedBlockCacheRoot>(
            cpu, cache.reference(), Exports::OnFirstCpu, unharmed);
        swap_with_failures<HashedBlockCacheRoot, ListedBlockCacheRoot>(
            cpu, cache.reference(), Exports::OnFirstCpu, unharmed);
    }
    {
        objects::CountedScope scope;
        EXPECT(cache->shrink().value() == blocks);
        kernel::deallocate(buffer);
    }
    destroy_and_drain(cache.reference());
}};

// An allocator of its own: nobody else calls it meanwhile. What it took from the pool of frames stays with it.
kernel::Test page_allocator_test{"partial_transfer.of_a_page_allocator_changes_nothing", [] {
    constexpr uint64_t runs = 5;
    void* pages[runs] = {};
    objects::Ref<PageAllocator> allocator;
    {
        objects::CountedScope scope;
        allocator = objects::create<PageAllocatorKernPinnedRoot>().value();
        for (uint64_t i = 0; i < runs; ++i)
            pages[i] = allocator->allocate_pages(i + 1).value();
        // A hole, and a spare descriptor.
        EXPECT(allocator->free_pages(pages[0]).ok() && allocator->free_pages(pages[1]).ok());
    }
    constexpr uint64_t in_use = 3 + 4 + 5;
    uint64_t left = 0;
    {
        objects::CountedScope scope;
        left = allocator->pages_free().value();
    }
    const auto unharmed = [allocator, left] {
        objects::CountedScope scope;
        return allocator->pages_in_use().value() == in_use && allocator->pages_free().value() == left;
    };
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        swap_with_failures<PageAllocatorKernPinnedRoot, PageAllocatorKernPinnedRoot>(
            cpu, allocator.reference(), Exports::OnFirstCpu, unharmed);
    }
    {
        objects::CountedScope scope;
        for (uint64_t i = 2; i < runs; ++i)
            EXPECT(allocator->free_pages(pages[i]).ok());
        EXPECT(allocator->pages_in_use().value() == 0 && allocator->pages_free().value() == left + in_use);
    }
    destroy_and_drain(allocator.reference());
}};

}

}
