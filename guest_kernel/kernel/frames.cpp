#include "kernel/frames.h"

#include "abi.h"
#include "arch/ppc64/mmu.h"
#include "kernel/panic.h"
#include "kernel/poison.h"
#include "kernel/spinlock.h"

namespace kernel {

namespace {

constexpr uint64_t memory_max = uint64_t{1} << 30;
constexpr uint64_t frames_max = memory_max / abi::PAGE_SIZE;

// One bit a frame, set while it is in use or no RAM.
class FramePool {
public:
    void initialise(uint64_t first, uint64_t end);
    Result<uint64_t> allocate(size_t count);
    void free(uint64_t physical, size_t count);
    uint64_t free_count() const;
    void set_owner(uint64_t physical, FrameOwner owner);
    FrameOwner owner(uint64_t physical) const;
    uint64_t total() const { return m_total; }

private:
    static bool bit(const uint64_t* bits, uint64_t frame) { return (bits[frame / 64] >> (frame % 64) & 1) != 0; }
    static void set_bit(uint64_t* bits, uint64_t frame, bool value);
    // First of `count` free frames in [from, to), or frames_max.
    uint64_t find(size_t count, uint64_t from, uint64_t to) const;

    // Guards all that follows. Innermost but for the console's.
    mutable SpinLock m_lock;
    uint64_t m_first = 0;
    uint64_t m_end = 0;
    uint64_t m_free = 0;
    uint64_t m_total = 0;
    // Where the next search begins: frames are given out in turn, so what was freed stays poisoned for a while.
    uint64_t m_next = 0;
    uint64_t m_used[frames_max / 64] = {};
    // Set at the first frame of a run that the page source owns.
    uint64_t m_page_source[frames_max / 64] = {};
};

constinit FramePool pool;

void FramePool::initialise(uint64_t first, uint64_t end)
{
    SpinGuard guard(m_lock);
    m_first = (first + abi::PAGE_SIZE - 1) / abi::PAGE_SIZE;
    m_end = end / abi::PAGE_SIZE;
    ASSERT(m_first < m_end && m_end <= frames_max);
    m_next = m_first;
    m_total = m_free = m_end - m_first;
}

void FramePool::set_bit(uint64_t* bits, uint64_t frame, bool value)
{
    const uint64_t bit = uint64_t{1} << (frame % 64);
    bits[frame / 64] = value ? bits[frame / 64] | bit : bits[frame / 64] & ~bit;
}

void FramePool::set_owner(uint64_t physical, FrameOwner owner)
{
    SpinGuard guard(m_lock);
    set_bit(m_page_source, physical / abi::PAGE_SIZE, owner == FrameOwner::PageSource);
}

FrameOwner FramePool::owner(uint64_t physical) const
{
    SpinGuard guard(m_lock);
    const uint64_t frame = physical / abi::PAGE_SIZE;
    return bit(m_page_source, frame) ? FrameOwner::PageSource : FrameOwner::Caller;
}

uint64_t FramePool::find(size_t count, uint64_t from, uint64_t to) const
{
    uint64_t run = 0;
    for (uint64_t frame = from; frame < to; ++frame) {
        if (frame % 64 == 0 && m_used[frame / 64] == ~uint64_t{0}) {
            run = 0;
            frame += 63;
            continue;
        }
        run = bit(m_used, frame) ? 0 : run + 1;
        if (run == count)
            return frame + 1 - count;
    }
    return frames_max;
}

Result<uint64_t> FramePool::allocate(size_t count)
{
    SpinGuard guard(m_lock);
    if (count == 0 || count > m_free)
        return Code::NO_MEMORY;
    uint64_t first = find(count, m_next, m_end);
    if (first == frames_max)
        first = find(count, m_first, m_end);
    if (first == frames_max)
        return Code::NO_MEMORY;
    for (uint64_t frame = first; frame < first + count; ++frame)
        set_bit(m_used, frame, true);
    m_free -= count;
    m_next = first + count;
    return first * abi::PAGE_SIZE;
}

void FramePool::free(uint64_t physical, size_t count)
{
    const uint64_t first = physical / abi::PAGE_SIZE;
    ASSERT(physical % abi::PAGE_SIZE == 0 && first >= m_first && first + count <= m_end);
    poison(arch::linear(physical), count * abi::PAGE_SIZE);
    SpinGuard guard(m_lock);
    for (uint64_t frame = first; frame < first + count; ++frame) {
        check(bit(m_used, frame), "a page frame is freed twice");
        set_bit(m_used, frame, false);
        set_bit(m_page_source, frame, false);
    }
    m_free += count;
}

uint64_t FramePool::free_count() const
{
    SpinGuard guard(m_lock);
    return m_free;
}

}

void initialise_frames(uint64_t first, uint64_t end)
{
    pool.initialise(first, end);
}

Result<uint64_t> allocate_frames(size_t count)
{
    return pool.allocate(count);
}

void free_frames(uint64_t physical, size_t count)
{
    pool.free(physical, count);
}

void set_frame_owner(uint64_t physical, FrameOwner owner)
{
    pool.set_owner(physical, owner);
}

FrameOwner frame_owner(uint64_t physical)
{
    return pool.owner(physical);
}

uint64_t frames_free()
{
    return pool.free_count();
}

uint64_t frames_total()
{
    return pool.total();
}

}
