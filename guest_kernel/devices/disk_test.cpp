// The disk's driver against the device.
#include "devices/disk.h"

#include "kernel/event.h"
#include "kernel/heap.h"
#include "kernel/park.h"
#include "kernel/test.h"
#include "kernel/thread.h"

namespace devices {

namespace {

using abi::DiskOperation;

// Blocks of words, in the heap: whole pages of the linear map.
class Buffer {
public:
    explicit Buffer(uint64_t blocks) : m_words(blocks * words_per_block)
    {
        m_data = static_cast<uint64_t*>(kernel::allocate(blocks * abi::DISK_BLOCK_SIZE, kernel::Tag::Test));
        EXPECT(m_data != nullptr);
    }
    ~Buffer() { kernel::deallocate(m_data); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    void fill(uint64_t seed)
    {
        for (uint64_t i = 0; i < m_words; ++i)
            m_data[i] = seed + i;
    }
    bool holds(uint64_t seed) const
    {
        for (uint64_t i = 0; i < m_words; ++i) {
            if (m_data[i] != seed + i)
                return false;
        }
        return true;
    }
    void* data() { return m_data; }
    uint8_t* block(uint64_t index) { return reinterpret_cast<uint8_t*>(m_data) + index * abi::DISK_BLOCK_SIZE; }

private:
    static constexpr uint64_t words_per_block = abi::DISK_BLOCK_SIZE / sizeof(uint64_t);
    uint64_t m_words;
    uint64_t* m_data;
};

kernel::Test transfer{"disk.transfer", [] {
    Buffer buffer(3);
    buffer.fill(1000);
    EXPECT(transfer_and_wait(DiskOperation::WRITE, 5, 3, buffer.data()).ok());
    EXPECT(transfer_and_wait(DiskOperation::FLUSH, 0, 0, nullptr).ok());
    buffer.fill(0);
    EXPECT(transfer_and_wait(DiskOperation::READ, 5, 3, buffer.data()).ok());
    EXPECT(buffer.holds(1000));
}};

kernel::Test refused{"disk.refused", [] {
    Buffer buffer(1);
    EXPECT(transfer_and_wait(DiskOperation::READ, disk().blocks(), 1, buffer.data()) == kernel::Code::INVALID);
    EXPECT(transfer_and_wait(DiskOperation::READ, 0, 0, buffer.data()) == kernel::Code::INVALID);
    EXPECT(transfer_and_wait(DiskOperation(99), 0, 1, buffer.data()) == kernel::Code::UNSUPPORTED);
}};

// More requests than the device has tags: the rest wait in the driver, and all complete.
constexpr uint64_t many = abi::DISK_TAGS + 8;

struct Burst {
    DiskRequest requests[many];
    uint64_t left = many;
    kernel::Event done;
};

void count_down(DiskRequest& request, kernel::Status status)
{
    EXPECT(status.ok());
    Burst& burst = *reinterpret_cast<Burst*>(request.context);
    if (__atomic_sub_fetch(&burst.left, 1, __ATOMIC_RELAXED) == 0)
        burst.done.signal();
}

kernel::Test burst{"disk.more_requests_than_tags", [] {
    Buffer buffer(many);
    auto* all = kernel::make<Burst>(kernel::Tag::Test);
    EXPECT(all != nullptr);
    if (all == nullptr)
        return;
    buffer.fill(7);
    constexpr DiskOperation operations[] = {DiskOperation::WRITE, DiskOperation::READ};
    for (const DiskOperation operation : operations) {
        all->left = many;
        all->done.clear();
        for (uint64_t i = 0; i < many; ++i) {
            all->requests[i] = {.operation = operation,
                                .block = 100 + i,
                                .count = 1,
                                .buffer = buffer.block(i),
                                .done = count_down,
                                .context = reinterpret_cast<uint64_t>(all),
                                .link = {}};
            disk().submit(all->requests[i]);
        }
        all->done.wait();
        if (operation == DiskOperation::WRITE)
            buffer.fill(0);
    }
    EXPECT(buffer.holds(7));
    kernel::destroy(all);
}};

// A completion finds the parked caller by its ticket.
void complete_ticket(DiskRequest& request, kernel::Status status)
{
    kernel::complete(request.context, static_cast<uint64_t>(status.raw())).ignore();
}

kernel::Test parked{"disk.completes_a_ticket", [] {
    Buffer buffer(1);
    kernel::Ticket& ticket = kernel::current_thread()->ticket();
    DiskRequest request{.operation = DiskOperation::READ,
                        .block = 0,
                        .count = 1,
                        .buffer = buffer.data(),
                        .done = complete_ticket,
                        .context = ticket.queue(),
                        .link = {}};
    disk().submit(request);
    ticket.wait();
    EXPECT(ticket.take() == 0);
}};

}

}
