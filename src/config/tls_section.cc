#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/strings.h"
#include "config/sections.h"

namespace credential_broker::config {
namespace {

std::string FileOf(Section& section, const std::string& key, const std::string& folder) {
  const std::optional<PlacedText> file = section.Text(key);
  return file.has_value() ? ResolveFile(folder, file->value) : "";
}

void ReadTrustDomains(Section& section, Problems& problems, CertificateScope& scope) {
  const YamlNode* list = section.List("trust_domains");
  for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    const YamlNode& item = list->items[i];
    const Place place{item.line, StrCat(section.PlaceOf("trust_domains").key, "[", i, "]")};
    if (item.kind != YamlNode::Kind::kScalar || !IsTrustDomain(item.text)) {
      const std::string_view inside = TrustDomainOf(item.text);
      problems.Add(place, StrCat(Quoted(item.text),
                                 " is not a SPIFFE trust domain; write a-z, 0-9, '.', '-' and '_' "
                                 "without spiffe://, such as ",
                                 IsTrustDomain(inside) ? inside : "prod"));
      continue;
    }
    scope.trust_domains.push_back(item.text);
  }
}

ClientCaConfig ReadClientCa(const YamlNode& node, const std::string& path,
                            const std::string& folder, Problems& problems) {
  Section section(node, path, problems);
  ClientCaConfig ca;
  if (const std::optional<PlacedText> file =
          section.RequiredText("file", "name the PEM file of the CA")) {
    ca.file = ResolveFile(folder, file->value);
  }
  ReadTrustDomains(section, problems, ca.scope);
  section.Read("dns", ca.scope.dns);
  const YamlNode* const domains = section.List("trust_domains");
  const bool names_none =
      domains == nullptr ? !section.Has("trust_domains") : domains->items.empty();
  if (names_none && !ca.scope.dns) {
    section.Report(
        "trust_domains",
        "is missing or empty; list the SPIFFE trust domains that the CA may issue certificates "
        "for, set dns: true for names in DNS SANs, or both");
  }
  section.Finish();
  return ca;
}

void ReadClientCas(Section& section, const std::string& folder, Problems& problems,
                   std::vector<ClientCaConfig>& authorities) {
  const YamlNode* list = section.List("client_ca");
  if (list == nullptr) {
    return;
  }
  const std::string path = section.PlaceOf("client_ca").key;
  if (list->items.empty()) {
    section.Report("client_ca",
                   "names no CA; list at least one, such as {file: ca.pem, trust_domains: [prod]}, "
                   "or leave it out to ask for no client certificate");
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    ClientCaConfig ca = ReadClientCa(list->items[i], StrCat(path, "[", i, "]"), folder, problems);
    for (std::size_t j = 0; j < authorities.size() && !ca.file.empty(); ++j) {
      if (authorities[j].file == ca.file) {
        problems.Add({list->items[i].line, StrCat(path, "[", i, "].file")},
                     StrCat(Quoted(ca.file), " is also the file of ", path, "[", j,
                            "]; list each CA in one entry, with all of its trust_domains"));
      }
    }
    authorities.push_back(std::move(ca));
  }
}

}  // namespace

TlsFiles ReadTls(const YamlNode& node, const std::string& path, const std::string& folder,
                 Problems& problems) {
  Section section(node, path, problems);
  for (const char* key : {"cert_file", "key_file"}) {
    if (!section.Has(key)) {
      section.Report(key, "is missing; TLS needs cert_file and key_file, both PEM");
    }
  }
  TlsFiles tls;
  tls.cert_file = FileOf(section, "cert_file", folder);
  tls.key_file = FileOf(section, "key_file", folder);
  tls.client_ca_file = FileOf(section, "client_ca_file", folder);
  ReadClientCas(section, folder, problems, tls.client_ca);
  tls.crl_file = FileOf(section, "crl_file", folder);
  if (section.Has("client_ca") && section.Has("client_ca_file")) {
    section.Report("client_ca",
                   "must not be beside client_ca_file; leave one of them: client_ca limits the "
                   "names that each CA may issue certificates for, client_ca_file does not");
  }
  if (section.Has("crl_file") && !section.Has("client_ca") && !section.Has("client_ca_file")) {
    section.Report("crl_file",
                   "revokes client certificates, and without client_ca_file or client_ca none is "
                   "asked for; add one of them, or leave crl_file out");
  }
  section.Finish();
  return tls;
}

}  // namespace credential_broker::config
