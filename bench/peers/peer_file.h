#ifndef FLASHSALE_BENCH_PEERS_PEER_FILE_H_
#define FLASHSALE_BENCH_PEERS_PEER_FILE_H_

#include <string_view>

namespace flashsale::bench {

// What a peer runs, as the build put it into the program; see cmake/FlashsaleEmbedFiles.cmake.
struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_PEERS_PEER_FILE_H_
