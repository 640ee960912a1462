/** What lies inside something that package-lock.json pins, and is named by nobody else. */
export interface Part {
  readonly name: string;
  readonly version: string;
  /** SPDX. */
  readonly licence: string;
  /** Package URL. */
  readonly purl: string;
  /** CPE 2.3, where the lists of vulnerabilities have a name for it. */
  readonly cpe?: string;
  /** Below `licences`: its text, where what it lies in does not bring it. */
  readonly textFile?: string;
}
