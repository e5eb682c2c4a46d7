#include "kernel/stack.h"

#include "arch/ppc64/mmu.h"
#include "kernel/page_source.h"
#include "kernel/panic.h"
#include "kernel/poison.h"
#include "kernel/spinlock.h"

namespace kernel {

namespace {

// Slots of address space; a free slot may still have its pages.
constexpr size_t slots = 4096;

class StackPool {
public:
    Result<uint64_t> allocate();
    void free(uint64_t base);
    void drain();

private:
    uint64_t take_mapped();
    Result<uint64_t> take_slot();
    void return_slot(uint64_t base);

    // Guards all that follows. Mapping happens without it.
    SpinLock m_lock;
    uint64_t m_mapped[stacks_kept] = {};
    size_t m_mapped_count = 0;
    uint64_t m_used[slots / 64] = {};
};

constinit StackPool pool;

uint64_t base_of(size_t slot)
{
    return abi::STACK_BASE + slot * stack_slot_size + (stack_slot_size - stack_size);
}

void unmap(uint64_t base, size_t pages)
{
    for (size_t page = 0; page < pages; ++page) {
        const uint64_t address = base + page * abi::PAGE_SIZE;
        const auto physical = arch::translate(address);
        check(physical.ok() && arch::unmap_page(address).ok(), "a page of a stack is mapped");
        free_pages(arch::linear(physical.value()), 1);
    }
}

Status map(uint64_t base)
{
    for (size_t page = 0; page < stack_pages; ++page) {
        const auto frame = allocate_pages(1);
        Status status = frame.status();
        if (frame.ok()) {
            const uint64_t address = base + page * abi::PAGE_SIZE;
            status = arch::map_page(address, arch::physical(frame.value()), arch::Protection::READ_WRITE);
            if (!status.ok())
                free_pages(frame.value(), 1);
        }
        if (!status.ok()) {
            unmap(base, page);
            return status;
        }
    }
    return {};
}

uint64_t StackPool::take_mapped()
{
    SpinGuard guard(m_lock);
    return m_mapped_count == 0 ? 0 : m_mapped[--m_mapped_count];
}

Result<uint64_t> StackPool::take_slot()
{
    SpinGuard guard(m_lock);
    for (size_t word = 0; word < slots / 64; ++word) {
        if (m_used[word] == ~uint64_t{0})
            continue;
        const auto bit = static_cast<size_t>(__builtin_ctzll(~m_used[word]));
        m_used[word] |= uint64_t{1} << bit;
        return base_of(word * 64 + bit);
    }
    return Code::NO_MEMORY;
}

void StackPool::return_slot(uint64_t base)
{
    const size_t slot = (base - abi::STACK_BASE) / stack_slot_size;
    SpinGuard guard(m_lock);
    m_used[slot / 64] &= ~(uint64_t{1} << (slot % 64));
}

Result<uint64_t> StackPool::allocate()
{
    if (const uint64_t base = take_mapped(); base != 0)
        return base;
    const uint64_t base = TRY(take_slot());
    if (const Status status = map(base); !status.ok()) {
        return_slot(base);
        return status;
    }
    poison(reinterpret_cast<void*>(base), stack_size);
    return base;
}

void StackPool::free(uint64_t base)
{
    poison(reinterpret_cast<void*>(base), stack_size);
    {
        SpinGuard guard(m_lock);
        if (m_mapped_count < stacks_kept) {
            m_mapped[m_mapped_count++] = base;
            return;
        }
    }
    unmap(base, stack_pages);
    return_slot(base);
}

void StackPool::drain()
{
    while (const uint64_t base = take_mapped()) {
        unmap(base, stack_pages);
        return_slot(base);
    }
}

}

Result<uint64_t> allocate_stack()
{
    return pool.allocate();
}

void free_stack(uint64_t base)
{
    pool.free(base);
}

void drain_stacks()
{
    pool.drain();
}

bool in_stack_guard(uint64_t address)
{
    const uint64_t offset = address - abi::STACK_BASE;
    return offset < slots * stack_slot_size && offset % stack_slot_size < stack_slot_size - stack_size;
}

}
