// Lists of waiting threads, for the headers that need no more of a thread.
#pragma once

namespace kernel {

class Thread;

// A thread waits in one queue at a time, linked through its own link. First in, first out; who is taken first is the
// queue's choice. Guarded by the queue's lock.
class WaitList {
public:
    constexpr WaitList() = default;
    bool empty() const { return m_first == nullptr; }
    void append(Thread& thread);
    void remove(Thread& thread);
    bool contains(const Thread& thread) const;
    // The waiter of highest priority, of equal ones the one that came first; null when empty.
    Thread* best() const;
    Thread* take_best();
    Thread* first() const { return m_first; }

private:
    Thread* m_first = nullptr;
    Thread* m_last = nullptr;
};

}
