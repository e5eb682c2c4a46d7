// Parked calls that wait for one thing to happen, in the order in which they came.
#pragma once

#include <stdint.h>

namespace services {

// Plain numbers: copied when the state of the object that keeps them is handed over. Guarded by that object's lock.
class WaitingTickets {
public:
    static constexpr unsigned capacity = 64;

    bool full() const { return m_count == capacity; }
    bool empty() const { return m_count == 0; }
    // Not when it is full.
    void add(uint64_t ticket) { m_tickets[(m_first + m_count++) % capacity] = ticket; }
    // Completes the oldest that still waits: one whose caller has given up is passed over.
    void complete_one();
    void complete_all();

private:
    uint64_t take();

    uint64_t m_tickets[capacity] = {};
    unsigned m_first = 0;
    unsigned m_count = 0;
};

}
