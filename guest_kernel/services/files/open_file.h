// A file that is open: what its file representative has, whatever class that is of.
#pragma once

#include "kernel/spinlock.h"
#include "objects/reference.h"
#include "services/storage/ticket_list.h"

namespace services {

class Volume;

// Owned by the file representative, once it is made; known to its volume and to transfers under way.
struct OpenFile {
    OpenFile(Volume& of, uint32_t number, uint64_t bytes) : volume(of), inode(number), length(bytes) {}
    // Waits for transfers that are under way, and leaves the volume.
    ~OpenFile();
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    // At any level. `flush`: the first one that makes it durable, if it was a write, else 0.
    void transfer_ended(uint64_t flush);
    // The flush that makes every write durable which has ended.
    uint64_t flush_wanted();
    // Parked until no transfer is under way.
    kernel::Status wait_for_transfers(kernel::Ticket& ticket);

    Volume& volume;
    const uint32_t inode;

    // Guarded by the volume's lock.
    uint32_t opens = 0;
    // The representative exists.
    bool represented = false;
    // Whether it is in the volume's table; the last close takes it out.
    bool listed = false;
    // The last close is under way: who opens it waits for the end.
    bool closing = false;
    // It has no name any more; what its cache had is gone.
    bool removed = false;
    bool discarded = false;
    uint64_t length;
    // The last one that changed it or its name.
    uint64_t transaction = 0;
    objects::Reference representative = nullptr;
    objects::Reference cache = nullptr;
    OpenFile* next = nullptr;

    // Guards what follows, against the end of transfers at exception level.
    kernel::SpinLock lock;
    uint32_t transfers = 0;
    uint64_t flush = 0;
    TicketList waiting;
    TicketList waiting_for_close;
    // What closing the cache came to.
    kernel::Status written_back;
};

}
