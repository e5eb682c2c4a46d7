#include "services/storage/block_list.h"

#include "kernel/clock.h"
#include "kernel/heap.h"
#include "kernel/thread.h"

namespace services {

using kernel::Code;
using kernel::Status;

BlockList::~BlockList()
{
    discard_idle();
    while (m_first != nullptr) {
        kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
        discard_idle();
    }
}

void BlockList::add(CachedBlock& block)
{
    block.next = m_first;
    m_first = &block;
    ++m_count;
}

CachedBlock* BlockList::find_or_read(uint64_t number)
{
    for (auto** link = &m_first; *link != nullptr; link = &(*link)->next) {
        CachedBlock* block = *link;
        if (block->block() != number)
            continue;
        if (!block->failed())
            return block;
        *link = block->next;
        --m_count;
        kernel::destroy(block);
        break;
    }
    auto* block = CachedBlock::make(number);
    if (block != nullptr) {
        add(*block);
        block->start_reading();
    }
    return block;
}

uint64_t BlockList::discard_idle()
{
    uint64_t discarded = 0;
    for (auto** link = &m_first; *link != nullptr;) {
        CachedBlock* block = *link;
        if (block->busy()) {
            link = &block->next;
            continue;
        }
        *link = block->next;
        kernel::destroy(block);
        --m_count;
        ++discarded;
    }
    return discarded;
}

void BlockList::forget()
{
    m_first = nullptr;
    m_count = 0;
}

// The caller's ticket brings the result of the wait when this is the call again after a parked one.
Status read_from(BlockList& blocks, uint64_t number, void* to, kernel::Ticket& ticket)
{
    if (ticket.state() == kernel::TicketState::Ready)
        TRY(Status::from_raw(static_cast<int64_t>(ticket.take())));
    if (number >= devices::disk().blocks())
        return Code::INVALID;
    auto* block = blocks.find_or_read(number);
    if (block == nullptr)
        return Code::NO_MEMORY;
    TRY(block->wait(ticket));
    __builtin_memcpy(to, block->data(), abi::DISK_BLOCK_SIZE);
    return {};
}

}
