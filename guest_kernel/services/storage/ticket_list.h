// Tickets of parked calls that wait for one thing, any number of them.
#pragma once

#include "kernel/list.h"
#include "kernel/park.h"
#include "kernel/status.h"

namespace services {

// Guarded by its owner's spin lock, but for the nodes: they are made before the lock is taken, since a heap must not be
// called under it, and freed by whoever adds next, since complete_all may run at exception level.
class TicketList {
public:
    struct Node {
        uint64_t ticket = 0;
        Node* next = nullptr;
    };

    TicketList() = default;
    // Nobody waits any more.
    ~TicketList();
    TicketList(const TicketList&) = delete;
    TicketList& operator=(const TicketList&) = delete;

    // Null without memory. For threads, without the owner's lock.
    static Node* make_node();
    // Under the owner's lock: queues the caller's ticket. What is returned is parked.
    kernel::Status add(Node& node, kernel::Ticket& ticket);
    // Under the owner's lock.
    bool empty() const { return m_first == nullptr; }
    // Under the owner's lock, at any level: every one is ready, with this result.
    void complete_all(kernel::Status result);
    // Under the lock of both.
    void move_to(TicketList& other);
    // Under the owner's lock: nodes to be freed with free_nodes once it is let go.
    Node* take_spent();
    static void free_nodes(Node* first);

private:
    Node* m_first = nullptr;
    Node* m_spent = nullptr;
};

// Parks the caller on `list`, which `lock` guards, if `must_wait()` holds under the lock; else yields success. NO_MEMORY.
template <typename MustWait>
kernel::Status park_on(TicketList& list, kernel::SpinLock& lock, kernel::Ticket& ticket, MustWait must_wait)
{
    auto* node = TicketList::make_node();
    if (node == nullptr)
        return kernel::Code::NO_MEMORY;
    TicketList::Node* spent = nullptr;
    kernel::Status status;
    {
        kernel::SpinGuard guard(lock);
        spent = list.take_spent();
        if (must_wait())
            status = list.add(*node, ticket);
    }
    if (!status.is_parked())
        TicketList::free_nodes(node);
    TicketList::free_nodes(spent);
    return status;
}

}
