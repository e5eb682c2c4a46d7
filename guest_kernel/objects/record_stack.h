// The calls of one thread that an interposer wants to see return, innermost last.
#pragma once

#include <stdint.h>

namespace objects {

class Interposer;

// The caller's return address was replaced by that of the return trampoline; this is where the call really goes back to.
struct CallRecord {
    Interposer* interposer = nullptr;
    uint64_t return_address = 0;
    // The caller's stack pointer, by which an unwinder matches a frame with its record.
    uint64_t caller_stack = 0;
    uint64_t instructions_at_entry = 0;
    uint32_t cpu_entered = 0;
    uint32_t method = 0;
};

// Preallocated in the thread: a call must not fail for want of memory to note it. Touched by its own thread only, and
// by a panic's unwinder. Depth counts interposers on the stack, not recursion: a call by a thread that is inside
// already needs no record.
class RecordStack {
public:
    static constexpr unsigned capacity = 32;

    bool full() const { return m_depth == capacity; }
    unsigned depth() const { return m_depth; }
    void push(const CallRecord& record) { m_records[m_depth++] = record; }
    CallRecord pop() { return m_records[--m_depth]; }
    const CallRecord& top() const { return m_records[m_depth - 1]; }

    bool holds(const Interposer* interposer) const
    {
        for (unsigned i = 0; i < m_depth; ++i) {
            if (m_records[i].interposer == interposer)
                return true;
        }
        return false;
    }
    // For another thread's eyes, of a thread that is blocked.
    void copy_interposers(const Interposer** out, unsigned capacity_of_out) const
    {
        for (unsigned i = 0; i < m_depth && i < capacity_of_out; ++i)
            out[i] = m_records[i].interposer;
    }
    // The return address that the call from the frame with this stack pointer replaced; 0 when it is not tracked.
    // Interposers that are chained on one call share the pointer; the outermost of them, noted first, holds the real one.
    uint64_t original_return(uint64_t caller_stack) const
    {
        for (unsigned i = 0; i < m_depth; ++i) {
            if (m_records[i].caller_stack == caller_stack)
                return m_records[i].return_address;
        }
        return 0;
    }

private:
    CallRecord m_records[capacity];
    unsigned m_depth = 0;
};

}
