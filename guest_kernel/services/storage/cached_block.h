// One block of the disk in memory, or on its way there.
#pragma once

#include "devices/disk.h"
#include "kernel/spinlock.h"
#include "services/storage/ticket_list.h"

namespace services {

// Pinned, and known to the disk's driver while it is read: it outlives the cache object that asked for it. Its
// completion runs at exception level, touches this and the tickets only, and is code of the kernel whatever class the
// cache has by then.
class CachedBlock {
public:
    // Null when there is no memory.
    static CachedBlock* make(uint64_t block);
    // Not while it is being read.
    ~CachedBlock();
    CachedBlock(const CachedBlock&) = delete;
    CachedBlock& operator=(const CachedBlock&) = delete;

    uint64_t block() const { return m_request.block; }
    void start_reading();

    // Success once the data is there. Parked, with the ticket queued, while it is on its way: the ticket's result will be
    // what the disk said. NO_MEMORY.
    kernel::Status wait(kernel::Ticket& ticket);
    bool busy();
    bool failed();
    void* data() const { return m_request.buffer; }

    // Of the cache that owns it.
    CachedBlock* next = nullptr;

    explicit CachedBlock(uint64_t block);

private:
    static void read_done(devices::DiskRequest& request, kernel::Status status);
    void complete(kernel::Status status);

    devices::DiskRequest m_request;
    // Guards what follows, against the completion on another CPU.
    kernel::SpinLock m_lock;
    bool m_reading = false;
    kernel::Status m_status;
    TicketList m_waiting;
};

}
