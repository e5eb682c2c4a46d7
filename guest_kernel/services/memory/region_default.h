// A region as most are: one cache behind the whole of it.
#pragma once

#include "services/memory/region.h"
#include "services/memory/whole_state_root.h"

namespace services {

inline constexpr objects::Format region_format{"region.window/1"};

inline namespace v1 {

// What it knows never changes after its creation, so it needs no lock, and calls pass through it side by side.
class RegionDefault : public objects::Rep<Region> {
public:
    static objects::FactoryMadeClass descriptor;

    explicit RegionDefault(objects::Root& root) : Rep(root) {}
    RegionDefault(objects::Root& root, const Creation& creation) : Rep(root), m_state(creation) {}

    kernel::Status open() override;
    kernel::Status close(kernel::Ticket* ticket) override;
    kernel::Result<uint64_t> address() override { return m_state.address; }
    kernel::Result<uint64_t> pages() override { return m_state.pages; }
    kernel::Status handle_fault(uint64_t address, Access access, kernel::Ticket* ticket) override;
    kernel::Status discard(uint64_t address, uint64_t pages, kernel::Ticket* ticket) override;

    Creation& state() { return m_state; }
    const Creation& state() const { return m_state; }

private:
    Creation m_state;
};

using RegionDefaultRoot = WholeStateRoot<RegionDefault, Region::Creation, Region, region_format>;

}

}
