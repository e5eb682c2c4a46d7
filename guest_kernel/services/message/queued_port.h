// A port that keeps its messages in one ring for all CPUs.
#pragma once

#include "kernel/spinlock.h"
#include "objects/standard_factory.h"
#include "services/message/port.h"
#include "services/message/waiting_tickets.h"

namespace services {

// The data of a port, in which nothing points anywhere: a new object takes it over by copying it.
struct PortState {
    static constexpr uint64_t max_capacity = Port::max_capacity;

    bool empty() const { return sent == received; }
    bool full() const { return sent - received == capacity; }

    uint64_t capacity = 0;
    uint64_t sent = 0;
    uint64_t received = 0;
    // Message number n lies at n modulo max_capacity.
    Message messages[max_capacity];
    WaitingTickets senders;
    WaitingTickets receivers;
};

inline constexpr objects::Format port_formats[] = {{"port.state/1"}};

inline namespace v1 {

class QueuedPortRoot;

class QueuedPort final : public objects::Rep<Port> {
public:
    using RootType = QueuedPortRoot;
    static objects::FactoryMadeClass descriptor;

    QueuedPort(objects::Root& root, Creation creation);
    ~QueuedPort();

    kernel::Status send(const Message* message, kernel::Ticket* ticket) override;
    kernel::Status receive(Message* message, kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> sent() override;
    kernel::Result<uint64_t> received() override;

private:
    friend class QueuedPortRoot;

    // Guards the state. Innermost but for the tickets.
    kernel::SpinLock m_lock;
    PortState m_state;
};

class QueuedPortRoot final : public objects::SharedRoot<QueuedPort> {
public:
    using InterfaceType = Port;

    explicit QueuedPortRoot(Port::Creation creation = {}) : SharedRoot(creation) {}

    objects::FormatList exports() const override { return objects::FormatList::of(port_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(port_formats); }
    size_t transfer_size(const objects::Format&) const override { return objects::parcel_size<const PortState*>(1); }
    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override;
    kernel::Status import_state(
        const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override;
    void commit_import() override;
    void relinquish() override;

private:
    // Of the old object, between import and commit.
    const PortState* m_imported = nullptr;
};

}

}
