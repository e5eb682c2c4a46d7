#include "services/storage/ticket_list.h"

#include "kernel/heap.h"
#include "kernel/panic.h"

namespace services {

using kernel::Status;

TicketList::~TicketList()
{
    kernel::check(empty(), "what is waited for goes away");
    free_nodes(m_spent);
}

TicketList::Node* TicketList::make_node() { return kernel::make<Node>(kernel::Tag::Service); }

Status TicketList::add(Node& node, kernel::Ticket& ticket)
{
    node.ticket = ticket.queue();
    node.next = m_first;
    m_first = &node;
    return Status::parked(node.ticket);
}

// A ticket whose caller has given up is not found any more, which is as good.
void TicketList::complete_all(Status result)
{
    while (Node* node = m_first) {
        m_first = node->next;
        kernel::complete(node->ticket, static_cast<uint64_t>(result.raw())).ignore();
        node->next = m_spent;
        m_spent = node;
    }
}

void TicketList::move_to(TicketList& other)
{
    while (Node* node = m_first) {
        m_first = node->next;
        node->next = other.m_first;
        other.m_first = node;
    }
}

TicketList::Node* TicketList::take_spent()
{
    Node* spent = m_spent;
    m_spent = nullptr;
    return spent;
}

void TicketList::free_nodes(Node* first)
{
    while (first != nullptr) {
        Node* next = first->next;
        kernel::destroy(first);
        first = next;
    }
}

}
