// A port that knows how long each of its messages has lain in it.
#pragma once

#include "kernel/spinlock.h"
#include "objects/standard_factory.h"
#include "services/message/queued_port.h"

namespace services::v2 {

// The version before keeps a PortState, and hands out its address ("port.state/1"). This one keeps the time of sending beside
// each message, and hands out the address of both.
struct TimedPortState {
    PortState port;
    // Of message number n at n modulo max_capacity, as the message is.
    uint64_t sent_ns[PortState::max_capacity] = {};
};

// By preference: what was sent keeps its time on the way to a version that knows times, and loses it on the way back.
inline constexpr objects::Format timed_port_formats[] = {{"port.state/2"}, port_formats[0]};

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
    TimedPortState m_state;
};

class QueuedPortRoot final : public objects::SharedRoot<QueuedPort> {
public:
    using InterfaceType = Port;

    explicit QueuedPortRoot(Port::Creation creation = {}) : SharedRoot(creation) {}

    objects::FormatList exports() const override { return objects::FormatList::of(timed_port_formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(timed_port_formats); }
    size_t transfer_size(const objects::Format&) const override { return objects::parcel_size<const void*>(1); }
    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override;
    kernel::Status import_state(
        const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override;
    void commit_import() override;
    void relinquish() override;

private:
    // Of the old object, between import and commit: of one that knows times, or of one that does not.
    const TimedPortState* m_timed = nullptr;
    const PortState* m_untimed = nullptr;
};

}
