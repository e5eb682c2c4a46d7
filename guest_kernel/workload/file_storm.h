// What the clients of the workloads "file-storm" and "cache-storm" write, so that whoever reads a disk afterwards knows what to expect.
#pragma once

#include "abi.h"
#include "kernel/heap.h"
#include "services/files/page_transfer.h"
#include "workload/random.h"

namespace workload {

// Files of one client; a name is used once: a slot's next file has the next incarnation.
inline constexpr unsigned storm_slots = 8;
inline constexpr uint64_t storm_pages_max = 14;

struct StormFile {
    uint64_t client = 0;
    uint64_t slot = 0;
    uint64_t incarnation = 0;
    // 0: does not exist.
    uint64_t version = 0;

    uint64_t id() const { return client << 48 | slot << 40 | incarnation << 16 | version; }
    StormFile next_version() const { return {client, slot, incarnation, version + 1}; }
    StormFile next_incarnation() const { return {client, slot, incarnation + 1, 0}; }
    // Of this version: from pages that the inode names itself to some that it does not.
    uint64_t pages() const { return 1 + Random(id()).next() % storm_pages_max; }
    uint64_t length() const { return pages() * abi::PAGE_SIZE - version % 3 * 100; }
    // Of one of its pages: all of it but for the last.
    uint64_t bytes_of(uint64_t page) const
    {
        const uint64_t left = length() - page * abi::PAGE_SIZE;
        return left < abi::PAGE_SIZE ? left : abi::PAGE_SIZE;
    }
};

// A page of a file on its way: id, page, then words that follow from both.
class StormPage {
public:
    StormPage() : m_transfer(kernel::allocate(abi::PAGE_SIZE, kernel::Tag::Workload)) {}
    ~StormPage() { kernel::deallocate(m_transfer.page()); }
    StormPage(const StormPage&) = delete;
    StormPage& operator=(const StormPage&) = delete;

    bool valid() const { return m_transfer.page() != nullptr; }
    services::PageTransfer& transfer() { return m_transfer; }
    void fill(const StormFile& file, uint64_t page);
    // `bytes` of it.
    bool holds(const StormFile& file, uint64_t page, uint64_t bytes) const;

private:
    services::PageTransfer m_transfer;
};

}
