// Makes changes of metadata durable, transaction by transaction.
#pragma once

#include "kernel/event.h"
#include "kernel/mutex.h"
#include "services/files/block_space.h"
#include "services/files/log.h"
#include "services/storage/ticket_list.h"

namespace services {

// Every change of metadata belongs to the running transaction. When someone wants it durable, the journal's thread
// copies the changed blocks into the log, under the volume's lock, and opens the next transaction. Then, with no lock:
//
//   1. waits for the writes that are under way of blocks which files got in this transaction, and flushes them
//   2. writes the transaction to the log
//   3. flushes, and tells all who waited
//
// Because of 1 a file never shows, after a power cut, what its blocks held before they were its own. When the log is
// full, it is emptied before the next transaction.
//
// A failure of the disk is told to all who wait; the transaction's blocks belong to the running one again.
//
// The thread calls no objects and is not counted: it may wait for the disk in place.
class Journal {
public:
    Journal(kernel::Mutex& lock, MetadataCache& cache, BlockSpace& space) : m_lock(lock), m_cache(cache), m_space(space) {}
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // Replays the log; afterwards metadata may be read.
    kernel::Status recover(const Geometry& geometry);
    // NO_MEMORY.
    kernel::Status start();
    // Ends the thread. Nobody waits or writes any more.
    void stop();

    // The following under the volume's lock.
    // Room for one more change in the running transaction, or parked until there is; IO_ERROR, NO_MEMORY.
    kernel::Status reserve(kernel::Ticket& ticket);
    // After NO_SPACE: parked while there are blocks that a commit would set free, else NO_SPACE.
    kernel::Status wait_for_space(kernel::Ticket& ticket);
    // The running transaction's number.
    uint64_t running() const { return m_running; }
    // The last one that changed anything.
    uint64_t last_changed() const { return m_cache.dirty() == 0 ? m_running - 1 : m_running; }
    // Success when that transaction is durable and that flush done; else parked until a commit.
    kernel::Status make_durable(uint64_t transaction, uint64_t flush, kernel::Ticket& ticket);
    // Parked until a commit that begins later is done.
    kernel::Status commit(kernel::Ticket& ticket);
    // The same, and the log is empty then.
    kernel::Status empty(kernel::Ticket& ticket);
    const BlockSet& blocks_in_log() const { return m_log.blocks(); }

    // At any level.
    // The first flush that makes a write durable which ends now.
    uint64_t next_flush() const { return __atomic_load_n(&m_flushes_begun, __ATOMIC_RELAXED) + 1; }
    // A block that the file got in the running transaction is being written; has been.
    void fresh_write_begins(uint64_t transaction);
    void fresh_write_ended(uint64_t transaction);

    uint64_t commits() const { return m_commits; }
    uint64_t flushes() const { return m_flushes_done; }
    uint64_t checkpoints() const { return m_checkpoints; }

private:
    static void entry(uint64_t argument);
    void work();
    void serve();
    kernel::Status commit_running();
    bool freeze();
    kernel::Status write_frozen();
    bool settle(kernel::Status status);
    kernel::Status empty_log();
    void await_fresh_writes();
    kernel::Status flush();
    kernel::Status park(kernel::Ticket& ticket);

    kernel::Mutex& m_lock;
    MetadataCache& m_cache;
    BlockSpace& m_space;
    // Changed under the volume's lock, or by the thread alone where nobody else looks.
    Log m_log;

    // Guarded by the volume's lock.
    uint64_t m_running = 1;
    uint64_t m_durable = 0;
    bool m_emptying_wanted = false;
    uint64_t m_frozen_blocks = 0;

    // Written by the thread alone.
    uint64_t m_flushes_begun = 0;
    uint64_t m_flushes_done = 0;
    uint64_t m_commits = 0;
    uint64_t m_checkpoints = 0;

    // Guards what follows, against completions at exception level.
    kernel::SpinLock m_waiters_lock;
    TicketList m_waiting;
    TicketList m_served;
    // Under way, of transactions with an even and with an odd number.
    uint64_t m_fresh_writes[2] = {};
    // One has ended since the last flush began.
    bool m_fresh_data = false;

    kernel::Event m_fresh_ended;
    kernel::Event m_wanted;
    kernel::Event m_ended;
    bool m_stop = false;
};

}
