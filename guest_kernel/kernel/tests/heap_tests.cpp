#include "kernel/heap.h"

#include "abi.h"
#include "arch/ppc64/percpu.h"
#include "kernel/frames.h"
#include "kernel/poison.h"
#include "kernel/size_class.h"
#include "kernel/test_thread.h"
#include "kernel/text.h"

namespace kernel {

namespace {

struct Chain {
    Chain* next;
};

// Takes memory until there is none, and gives it back.
uint64_t exhaust(size_t bytes)
{
    Chain* first = nullptr;
    uint64_t count = 0;
    while (auto* block = static_cast<Chain*>(allocate(bytes, Tag::Test))) {
        block->next = first;
        first = block;
        ++count;
    }
    while (first != nullptr) {
        Chain* next = first->next;
        deallocate(first);
        first = next;
    }
    return count;
}

bool nothing_in_use()
{
    const Usage now = usage(Tag::Test);
    return now.bytes == 0 && now.allocations == 0;
}

// A generator for tests (xorshift, 64 bits, period 2^64 - 1).
class Random {
public:
    explicit Random(uint64_t seed) : m_state(seed) {}
    uint64_t below(uint64_t limit)
    {
        m_state ^= m_state << 13;
        m_state ^= m_state >> 7;
        m_state ^= m_state << 17;
        return m_state % limit;
    }

private:
    uint64_t m_state;
};

bool holds(const uint8_t* memory, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; ++i) {
        if (memory[i] != value)
            return false;
    }
    return true;
}

// Allocates, fills, checks and frees in random order; true when no block was ever touched by another.
bool storm(uint64_t seed)
{
    constexpr size_t slots = 24;
    struct Slot {
        uint8_t* memory;
        size_t size;
        uint8_t value;
    } table[slots] = {};
    Random random(seed);
    bool intact = true;
    for (unsigned i = 0; i < 600; ++i) {
        Slot& slot = table[random.below(slots)];
        if (slot.memory != nullptr) {
            intact = intact && holds(slot.memory, slot.size, slot.value);
            deallocate(slot.memory);
            slot.memory = nullptr;
            continue;
        }
        slot.size = 1 + random.below(random.below(8) == 0 ? 6000 : 300);
        slot.value = static_cast<uint8_t>(random.below(256));
        slot.memory = static_cast<uint8_t*>(allocate(slot.size, Tag::Test));
        for (size_t byte = 0; slot.memory != nullptr && byte < slot.size; ++byte)
            slot.memory[byte] = slot.value;
    }
    for (auto& slot : table)
        deallocate(slot.memory);
    return intact;
}

Test classes{"heap.size_classes", [] {
    for (const size_t size : class_sizes) {
        EXPECT(allocated_size(size) == size);
        void* memory = allocate(size, Tag::Test);
        EXPECT(memory != nullptr && reinterpret_cast<uint64_t>(memory) % block_alignment == 0);
        EXPECT(usage(Tag::Test).bytes == size && usage(Tag::Test).allocations == 1);
        deallocate(memory);
    }
    EXPECT(allocated_size(0) == 16 && allocated_size(17) == 32);
    EXPECT(allocated_size(heap_small_max + 1) == abi::PAGE_SIZE);
    EXPECT(nothing_in_use());
}};

Test large{"heap.large_is_whole_pages", [] {
    void* memory = allocate(2 * abi::PAGE_SIZE + 1, Tag::Test);
    EXPECT(memory != nullptr && reinterpret_cast<uint64_t>(memory) % abi::PAGE_SIZE == 0);
    EXPECT(usage(Tag::Test).bytes == 3 * abi::PAGE_SIZE);
    deallocate(memory);
    EXPECT(nothing_in_use());
}};

Test poisoned{"heap.poison", [] {
    constexpr size_t size = 128;
    auto* memory = static_cast<uint8_t*>(allocate(size, Tag::Test));
    EXPECT(memory != nullptr);
    if (memory == nullptr)
        return;
    for (size_t i = 0; i < size; ++i)
        memory[i] = 1;
    deallocate(memory);
    EXPECT(holds(memory, size, poison_byte));
}};

Test out_of_memory{"heap.oom", [] {
    drain_heap();
    const uint64_t before = heap_pages();
    EXPECT(exhaust(64 * abi::PAGE_SIZE) > 0);
    EXPECT(allocate(frames_total() * abi::PAGE_SIZE, Tag::Test) == nullptr);
    EXPECT(nothing_in_use());
    drain_heap();
    EXPECT(heap_pages() == before);
}};

Test small_out_of_memory{"heap.oom_small", [] {
    drain_heap();
    const uint64_t before = heap_pages();
    // What is left after that is used up by small blocks.
    Chain* first = nullptr;
    while (auto* block = static_cast<Chain*>(allocate(16 * abi::PAGE_SIZE, Tag::Test))) {
        block->next = first;
        first = block;
    }
    EXPECT(exhaust(1328) > 0);
    while (first != nullptr) {
        Chain* next = first->next;
        deallocate(first);
        first = next;
    }
    EXPECT(nothing_in_use());
    drain_heap();
    EXPECT(heap_pages() == before);
}};

Test block_sizes{"heap.size_of_a_block_that_lives", [] {
    constexpr size_t sizes[] = {1, 100, heap_small_max, heap_small_max + 1, 3 * abi::PAGE_SIZE};
    for (const size_t bytes : sizes) {
        void* block = allocate(bytes, Tag::Test);
        EXPECT(block != nullptr && size_of_block(block) == allocated_size(bytes));
        deallocate(block);
    }
    static int not_of_the_heap = 0;
    EXPECT(size_of_block(&not_of_the_heap) == 0);
    EXPECT(nothing_in_use());
}};

Test nth{"heap.fail_nth", [] {
    FailAllocation fail(3);
    void* first = allocate(32, Tag::Test);
    void* second = allocate(2 * abi::PAGE_SIZE, Tag::Test);
    EXPECT(first != nullptr && second != nullptr && !fail.happened());
    EXPECT(allocate(32, Tag::Test) == nullptr && fail.happened());
    void* fourth = allocate(32, Tag::Test);
    EXPECT(fourth != nullptr);
    deallocate(first);
    deallocate(second);
    deallocate(fourth);
    EXPECT(nothing_in_use());
}};

Test nth_elsewhere{"heap.fail_nth_of_everyone", [] {
    FailAllocation fail(1, FailAllocation::Who::Everyone);
    {
        // Its creation is the allocation that fails, so it is not a TestThread.
        const auto thread = Thread::create({.name = "unborn"}, [](uint64_t) {}, 0);
        EXPECT(!thread.ok() && thread.code() == Code::NO_MEMORY);
    }
    EXPECT(fail.happened());
}};

Test pages_too{"heap.fail_nth_of_chosen_threads_counts_pages", [] {
    FailAllocation fail(2, [](const Thread& thread) { return equal(thread.name(), "chosen"); });
    for (unsigned i = 0; i < 3; ++i)
        deallocate(allocate(32, Tag::Test));
    EXPECT(!fail.happened());
    TestThread chosen({.name = "chosen"}, [] {
        const auto first = allocate_pages(1);
        EXPECT(first.ok() && allocate_pages(1).code() == Code::NO_MEMORY);
        if (first.ok())
            free_pages(first.value(), 1);
    });
    chosen.join();
    EXPECT(fail.happened());
}};

Test make_and_destroy{"heap.make_destroy", [] {
    struct Counted {
        explicit Counted(int& count) : m_count(count) { ++m_count; }
        ~Counted() { --m_count; }
        int& m_count;
    };
    int alive = 0;
    Counted* object = make<Counted>(Tag::Test, alive);
    EXPECT(object != nullptr && alive == 1);
    destroy(object);
    EXPECT(alive == 0 && nothing_in_use());
    destroy(static_cast<Counted*>(nullptr));
    FailAllocation fail(1);
    EXPECT(make<Counted>(Tag::Test, alive) == nullptr && alive == 0);
}};

Test cross{"heap.cross_cpu_free", [] {
    constexpr size_t count = 200;
    static void* blocks[count];
    {
        TestThread taker({.name = "taker", .cpu = 0}, [] {
            for (auto& block : blocks)
                block = allocate(96, Tag::Test);
        });
        taker.join();
        TestThread giver({.name = "giver", .cpu = last_cpu()}, [] {
            for (auto* block : blocks)
                deallocate(block);
        });
    }
    EXPECT(nothing_in_use());
}};

Test drained{"heap.drain_returns_pages", [] {
    drain_heap();
    const uint64_t before = heap_pages();
    {
        TestThread other({.name = "other", .cpu = last_cpu()}, [] { EXPECT(storm(7)); });
        EXPECT(storm(8));
    }
    drain_heap();
    EXPECT(nothing_in_use());
    EXPECT(heap_pages() == before);
}};

Test concurrent{"heap.storm", [] {
    {
        TestThread first({.name = "first", .cpu = 0}, [] { EXPECT(storm(1)); });
        TestThread second({.name = "second", .cpu = last_cpu()}, [] { EXPECT(storm(2)); });
        TestThread third({.name = "third", .cpu = 0}, [] { EXPECT(storm(3)); });
        TestThread fourth({.name = "fourth", .cpu = last_cpu()}, [] { EXPECT(storm(4)); });
    }
    EXPECT(nothing_in_use());
}};

Test double_free{"panic.double_free", [] {
    void* memory = allocate(64, Tag::Test);
    deallocate(memory);
    deallocate(memory);
}};

Test use_after_free{"panic.use_after_free", [] {
    auto* memory = static_cast<uint8_t*>(allocate(64, Tag::Test));
    deallocate(memory);
    memory[40] = 1;
    static_cast<void>(allocate(64, Tag::Test));
}};

Test forbidden{"panic.allocation_forbidden", [] {
    NoAllocationScope scope;
    static_cast<void>(allocate(64, Tag::Test));
}};

}

}
