// The root of a class whose state is one plain structure, handed over as it is.
#pragma once

#include "objects/standard_class.h"

namespace services {

// RepType has state(). What the structure points to stays where it is: it belongs to the new object from the commit on,
// and the old one forgets it. `formats` names the structure's description.
template <typename RepType, typename State, typename Interface, const objects::Format& format>
class WholeStateRoot : public objects::SharedRoot<RepType> {
    static_assert(__is_trivially_copyable(State));

public:
    using InterfaceType = Interface;
    using objects::SharedRoot<RepType>::SharedRoot;

    objects::FormatList exports() const override { return {&format, 1}; }
    objects::FormatList imports() const override { return {&format, 1}; }
    size_t transfer_size(const objects::Format&) const override { return objects::parcel_size<State>(1); }

    kernel::Status export_state(
        const objects::Format&, objects::TransferSite site, objects::TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<State>(site.cpu)) = this->m_rep.state();
        return {};
    }
    // Kept apart until the commit: an import that is given up must leave nothing that the new object would free.
    kernel::Status import_state(
        const objects::Format&, objects::TransferSite site, const objects::Parcel& parcel) override
    {
        if (!site.first())
            return {};
        const auto* state = parcel.as<State>();
        if (state == nullptr)
            return kernel::Code::INVALID;
        m_imported = *state;
        return {};
    }
    void commit_import() override
    {
        this->m_rep.state() = m_imported;
        m_imported = {};
    }
    void relinquish() override { this->m_rep.state() = {}; }

private:
    State m_imported{};
};

}
