// Package fed checks a gateway configuration before an image is built from it or used: that it reads the variables the platform
// gives to its pods, listens where the platform calls it, answers health checks there, and presents certificates that
// Application Gateway accepts. The requirements are those of the reference architecture's chapters on Admin Node Manager, API
// Manager UI, API Gateway/Manager and Cassandra, and of what the pods are given (package workloads/plan).
//
// # What the files are
//
// A .fed file is a deployment package: policies and environment in one. The same content may come as a pair, a policy package
// (.pol) and an environment package (.env) (documented: Axway's deployment and promotion guide). Beside them, image builds take
// a merge directory, which must be named apigateway and is laid over the installation (documented: Axway's container guide).
//
// Axway publishes no description of the packages' inside. What is known, and how:
//   - observed, in the demonstration packages Axway published on GitHub (product 7.7, 2022): a package is a ZIP archive with
//     META-INF/MANIFEST.MF (Id, Timestamp), MANIFEST-POLICY.MF and MANIFEST-ENVIRONMENT.MF, and a folder named after the Id that
//     holds entity stores as XML: ListenersStore, ExtConnsStore, PrimaryStore, CertStore, UserStore, EnvSettingsStore,
//     ResourceRepository, each with its SHA-256 beside it, and configs.xml, which says what is where. A store defines entity
//     types (fields, some of type `encrypted`) and holds entities: a type, a key, the key of the parent, and fields of values or
//     of references to other entities by their path. Without a passphrase, encrypted values are base64 only, and the field
//     passphraseTest of each store decodes to a fixed text;
//   - documented: the selector ${environment.NAME} reads the process's environment, ${env.NAME} reads envSettings.props;
//   - assumed: that .pol and .env files are archives of the same kind which share the stores out between them; that an
//     environmentalized field, an EnvironmentalizedField below an EnvironmentalizedEntity, takes the place of the entity's own
//     value; that an archive whose entity types have other names can still be searched for a selector anywhere in it.
//
// Every finding says which of the three its reading of the format rests on. A setting that can't be read because the package has
// a passphrase is reported as not checked, never as met. YAML configurations are not read.
package fed
