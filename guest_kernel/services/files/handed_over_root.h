// The root of an object whose state is one structure, which a replacement takes over as it is.
#pragma once

#include "objects/root.h"

namespace services {

// RepType has state(), and adopt(State*), which takes over or, given null, lets go.
template <typename Interface, typename RepType, auto& formats>
class HandedOverRoot : public objects::SharedRoot<RepType> {
public:
    using InterfaceType = Interface;
    using objects::SharedRoot<RepType>::SharedRoot;

    objects::FormatList exports() const override { return objects::FormatList::of(formats); }
    objects::FormatList imports() const override { return objects::FormatList::of(formats); }
    size_t transfer_size(const objects::Format&) const override { return objects::parcel_size<void*>(1); }

    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<void*>(site.cpu)) = this->m_rep.state();
        return {};
    }
    // Only notes it: the old object goes on owning it until the transfer commits.
    kernel::Status import_state(const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override
    {
        if (!site.first())
            return {};
        auto* const* state = parcel.as<void*>();
        if (state == nullptr)
            return kernel::Code::INVALID;
        m_imported = *state;
        return {};
    }
    void commit_import() override { this->m_rep.adopt(static_cast<decltype(this->m_rep.state())>(m_imported)); }
    void relinquish() override { this->m_rep.adopt(nullptr); }

private:
    // Between import and commit.
    void* m_imported = nullptr;
};

}
