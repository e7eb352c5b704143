#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_TERMS_CODEC_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_TERMS_CODEC_H_

#include "backend/journal/bytes.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/sale_terms.h"

namespace flashsale::inline v0::journal {

// Times as microseconds since 1970, varints; see docs/journal.md.
inline void PutTime(ByteWriter& writer, Time time) {
  writer.Signed(time.time_since_epoch().count());
}
inline Time GetTime(ByteReader& reader) { return Time(Duration(reader.Signed())); }

void PutTerms(ByteWriter& writer, const SaleTerms& terms);
// Terms that Validate does not take make the reader fail.  Throws std::bad_alloc.
SaleTerms GetTerms(ByteReader& reader);

void PutMarks(ByteWriter& writer, const SaleMarks& marks);
SaleMarks GetMarks(ByteReader& reader);

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_TERMS_CODEC_H_
