// What file caches note about syncs that are under way.
#pragma once

#include <stdint.h>

#include "services/memory/page_descriptor.h"
#include "kernel/status.h"

namespace services {

// A pass over the dirty pages, or a thread that waits for the passes before it.
struct SyncItem {
    enum class Type : uint8_t { Operation, Thread };

    Type type = Type::Operation;
    // Its pages have been chosen; they are being written.
    bool started = false;
    // Of a thread: it has come back from its wait for the pages; what is left is the file's metadata.
    bool told = false;
    // Of a thread: it finds its item by its id, and is woken by its ticket.
    uint64_t thread = 0;
    uint64_t ticket = 0;
    // Of a thread: when it began to wait.
    uint64_t since_ns = 0;
    kernel::Status outcome;
    SyncItem* next = nullptr;
};

// First in, first out. Plain data, guarded by the lock of the cache that has it; the items belong to that cache.
class SyncQueue {
public:
    SyncItem* first() const { return m_first; }
    bool empty() const { return m_first == nullptr; }
    void append(SyncItem& item);
    void remove(SyncItem& item);
    SyncItem* take_first();
    SyncItem* find_thread(uint64_t thread) const;
    uint64_t count() const;
    uint64_t threads() const;
    void free_all();

private:
    SyncItem* m_first = nullptr;
};

// Pages whose writing has been started and whose end has not been taken note of.
class PagesInFlight {
public:
    static constexpr unsigned capacity = 16;

    bool full(unsigned width) const { return m_count >= width; }
    unsigned count() const { return m_count; }
    void add(PageDescriptor& page) { m_pages[m_count++] = &page; }
    void remove(PageDescriptor& page);
    // Takes one whose transfer has ended, or null.
    PageDescriptor* take_ended();

private:
    PageDescriptor* m_pages[capacity] = {};
    unsigned m_count = 0;
};

}
