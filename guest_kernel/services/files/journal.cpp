#include "services/files/journal.h"

#include "devices/disk.h"
#include "kernel/thread.h"

namespace services {

using kernel::Code;
using kernel::MutexGuard;
using kernel::SpinGuard;
using kernel::Status;

namespace {

// Blocks of metadata that one change alters at most, but for the map's: two inodes, an entry, an indirect block.
constexpr uint64_t change_blocks = 8;
// A failed transaction and the one that ran meanwhile fit into one, with all blocks of the map.
constexpr uint64_t map_blocks_max = abi::FILE_SYSTEM_BLOCKS_MAX / map_bits_per_block;
constexpr uint64_t running_blocks = (abi::LOG_TRANSACTION_MAX - map_blocks_max) / 2;

}

Status Journal::recover(const Geometry& geometry)
{
    TRY(m_log.start(geometry));
    return m_log.recover();
}

Status Journal::start()
{
    const kernel::ThreadOptions options{
        .name = "file-system", .counted = false, .ended = &m_ended};
    TRY(kernel::Thread::create(options, entry, reinterpret_cast<uint64_t>(this)));
    return {};
}

void Journal::stop()
{
    __atomic_store_n(&m_stop, true, __ATOMIC_RELEASE);
    m_wanted.signal();
    m_ended.wait();
}

Status Journal::reserve(kernel::Ticket& ticket)
{
    return m_cache.dirty() + change_blocks <= running_blocks ? Status() : park(ticket);
}

Status Journal::wait_for_space(kernel::Ticket& ticket)
{
    if (!m_space.waiting())
        return Code::NO_SPACE;
    return empty(ticket);
}

Status Journal::make_durable(uint64_t transaction, uint64_t flush, kernel::Ticket& ticket)
{
    const uint64_t changed = last_changed();
    const uint64_t wanted = transaction < changed ? transaction : changed;
    if (m_durable >= wanted && __atomic_load_n(&m_flushes_done, __ATOMIC_ACQUIRE) >= flush)
        return {};
    return park(ticket);
}

Status Journal::commit(kernel::Ticket& ticket) { return park(ticket); }

Status Journal::empty(kernel::Ticket& ticket)
{
    m_emptying_wanted = true;
    return park(ticket);
}

Status Journal::park(kernel::Ticket& ticket)
{
    const Status status = park_on(m_waiting, m_waiters_lock, ticket, [] { return true; });
    m_wanted.signal();
    return status;
}

void Journal::fresh_write_begins(uint64_t transaction)
{
    SpinGuard guard(m_waiters_lock);
    ++m_fresh_writes[transaction % 2];
}

void Journal::fresh_write_ended(uint64_t transaction)
{
    SpinGuard guard(m_waiters_lock);
    m_fresh_data = true;
    if (--m_fresh_writes[transaction % 2] == 0)
        m_fresh_ended.signal();
}

void Journal::entry(uint64_t argument) { reinterpret_cast<Journal*>(argument)->work(); }

void Journal::work()
{
    for (;;) {
        m_wanted.consume();
        if (__atomic_load_n(&m_stop, __ATOMIC_ACQUIRE))
            return;
        serve();
    }
}

// Who comes while a commit is under way waits for the next.
void Journal::serve()
{
    {
        SpinGuard guard(m_waiters_lock);
        m_waiting.move_to(m_served);
    }
    const Status status = commit_running();
    TicketList::Node* told = nullptr;
    {
        SpinGuard guard(m_waiters_lock);
        m_served.complete_all(status);
        told = m_served.take_spent();
    }
    TicketList::free_nodes(told);
}

Status Journal::commit_running()
{
    if (!freeze()) {
        TRY(empty_log());
        freeze();
    }
    const Status status = write_frozen();
    const bool emptying_wanted = settle(status);
    TRY(status);
    return emptying_wanted ? empty_log() : status;
}

// Copies the changed blocks to the log and opens the next transaction. False when the log has no room for them.
bool Journal::freeze()
{
    MutexGuard guard(m_lock);
    if (!m_log.has_room(m_cache.dirty()))
        return false;
    m_frozen_blocks = m_cache.dirty();
    if (m_frozen_blocks == 0)
        return true;
    m_log.begin();
    while (auto* block = m_cache.take_dirty())
        m_log.add(*block);
    m_space.freeze();
    ++m_running;
    return true;
}

Status Journal::write_frozen()
{
    if (m_frozen_blocks != 0) {
        await_fresh_writes();
        if (__atomic_load_n(&m_fresh_data, __ATOMIC_ACQUIRE))
            TRY(flush());
        TRY(m_log.write());
    }
    return flush();
}

// Whether someone waits for the log to be empty.
bool Journal::settle(Status status)
{
    MutexGuard guard(m_lock);
    if (m_frozen_blocks == 0)
        return m_emptying_wanted;
    if (status.ok()) {
        m_log.accept();
        m_space.committed(m_log.blocks());
        m_durable = m_running - 1;
        ++m_commits;
    } else {
        m_log.reject([this](uint64_t home) { m_cache.changed_again(home); });
        m_space.thaw();
    }
    return m_emptying_wanted;
}

Status Journal::empty_log()
{
    TRY(m_log.empty());
    MutexGuard guard(m_lock);
    m_space.log_emptied();
    m_emptying_wanted = false;
    ++m_checkpoints;
    return {};
}

// Of the transaction before the running one: its number is as even or odd.
void Journal::await_fresh_writes()
{
    for (;;) {
        {
            SpinGuard guard(m_waiters_lock);
            m_fresh_ended.clear();
            if (m_fresh_writes[(m_running - 1) % 2] == 0)
                return;
        }
        m_fresh_ended.wait();
    }
}

Status Journal::flush()
{
    const uint64_t number = m_flushes_begun + 1;
    {
        SpinGuard guard(m_waiters_lock);
        m_fresh_data = false;
        __atomic_store_n(&m_flushes_begun, number, __ATOMIC_RELEASE);
    }
    const Status status = devices::transfer_and_wait(abi::DiskOperation::FLUSH, 0, 0, nullptr);
    if (status.ok()) {
        __atomic_store_n(&m_flushes_done, number, __ATOMIC_RELEASE);
        return {};
    }
    SpinGuard guard(m_waiters_lock);
    m_fresh_data = true;
    return status;
}

}
