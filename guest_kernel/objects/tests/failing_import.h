// A root that has imported its share and then says that it could not.
#pragma once

#include "objects/root.h"

namespace objects::tests {

// In all else it is an Inner, which it owns. The other CPUs import as usual: the transfer stops half way.
template <typename Inner>
class FailingImport final : public Root {
public:
    using InterfaceType = typename Inner::InterfaceType;

    // Counts the imports of every CPU in `imports`.
    FailingImport(unsigned failing_cpu, unsigned* imports) : m_failing_cpu(failing_cpu), m_imports(imports) {}

    const ClassDescriptor& descriptor() const override { return m_inner.descriptor(); }
    Object* rep(unsigned cpu) const override { return m_inner.rep(cpu); }
    Result<Object*> make_rep(unsigned cpu) override { return m_inner.make_rep(cpu); }
    FormatList exports() const override { return m_inner.exports(); }
    FormatList imports() const override { return m_inner.imports(); }
    Status prepare_import(const Format& format, CpuSet cpus) override { return m_inner.prepare_import(format, cpus); }
    Status import_state(const Format& format, TransferSite site, const Parcel& parcel) override
    {
        TRY(m_inner.import_state(format, site, parcel));
        __atomic_fetch_add(m_imports, 1, __ATOMIC_RELAXED);
        return site.cpu == m_failing_cpu ? Code::NO_MEMORY : Code::OK;
    }

private:
    Inner m_inner;
    unsigned m_failing_cpu;
    unsigned* m_imports;
};

}
